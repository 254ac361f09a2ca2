"""What holds a driver's process, as fields of its driver's record.

What a locked-down process says of its sandbox, before anything of the driver runs in it, and what
the runtime gives and takes from outside.
Invariant: pure; every list is bounded.
"""

from typing import NamedTuple

from runtime.wire.driver import Staged

SENTENCES = 32  # of each kind, that a driver process may tell

ELEVATED = "elevated scheduling (round robin)"
MAY_GO_FIRST = "wake before ordinary programs, while it takes at most half of a CPU"


class Outside(NamedTuple):
    """What holds a process beside its sandbox.

    Attributes:
        applied: The means, one sentence each.
        missing: What this machine cannot give to any driver.
        elevated: Whether it goes before ordinary processes.
    """

    applied: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    elevated: bool = False


def fields(
    staged: Staged, outside: Outside, provider_path: str, beside: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """What changes in the record.

    Args:
        staged: What the process said.
        outside: What holds it beside that.
        provider_path: Of the driver's own provider.
        beside: Of the providers of the others in its process.
    """
    applied = (*outside.applied, *([ELEVATED] if outside.elevated else []))
    talks = (_talk(provider_path), *map(_talk_beside, beside))
    may = (*talks, *([MAY_GO_FIRST] if outside.elevated else []))
    return {
        "sandbox": (*applied, *staged.applied)[:SENTENCES],
        "missing": (*outside.missing, *staged.missing)[:SENTENCES],
        "may": (*may, *staged.may)[:SENTENCES],
        "may_not": staged.may_not[:SENTENCES],
    }


def _talk(path: str) -> str:
    parts = [part for part in path.split("/")[-2:] if part]
    return f"talk to {' of '.join(reversed(parts)) or 'its provider'}"


def _talk_beside(path: str) -> str:
    return f"{_talk(path)}, as another driver in its process does"
