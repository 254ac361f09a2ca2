"""What a locked-down process says of its sandbox, as fields of its driver's record.

It says so before anything of the driver runs in it.
Invariant: pure; every list is bounded.
"""

from runtime.wire.driver import Staged

SENTENCES = 32  # of each kind, that a driver process may tell


def fields(
    staged: Staged,
    applied: tuple[str, ...],
    missing: tuple[str, ...],
    provider_path: str,
    beside: tuple[str, ...],
) -> dict[str, tuple[str, ...]]:
    """What changes in the record.

    Args:
        staged: What the process said.
        applied: What holds it beside that, from outside.
        missing: What this machine cannot give to any driver.
        provider_path: Of the driver's own provider.
        beside: Of the providers of the others in its process.
    """
    return {
        "sandbox": (*applied, *staged.applied)[:SENTENCES],
        "missing": (*missing, *staged.missing)[:SENTENCES],
        "may": (_talk(provider_path), *map(_talk_beside, beside), *staged.may)[:SENTENCES],
        "may_not": staged.may_not[:SENTENCES],
    }


def _talk(path: str) -> str:
    parts = [part for part in path.split("/")[-2:] if part]
    return f"talk to {' of '.join(reversed(parts)) or 'its provider'}"


def _talk_beside(path: str) -> str:
    return f"{_talk(path)}, as another driver in its process does"
