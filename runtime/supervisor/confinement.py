"""What a locked-down process says of its sandbox, as fields of its driver's record.

It says so before anything of the driver runs in it.
Invariant: pure; every list is bounded.
"""

from runtime.wire.driver import Staged

SENTENCES = 32  # of each kind, that a driver process may tell


def fields(
    staged: Staged, missing: tuple[str, ...], provider_path: str
) -> dict[str, tuple[str, ...]]:
    """What changes in the record; `missing` is what this machine cannot give to any driver."""
    parts = [part for part in provider_path.split("/")[-2:] if part]
    name = " of ".join(reversed(parts)) or "its provider"
    return {
        "sandbox": staged.applied[:SENTENCES],
        "missing": (*missing, *staged.missing)[:SENTENCES],
        "may": (f"talk to {name}, through the runtime", *staged.may)[:SENTENCES],
        "may_not": staged.may_not[:SENTENCES],
    }
