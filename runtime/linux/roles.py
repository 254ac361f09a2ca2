"""How this program starts its own other processes: from source, installed, or frozen.

Invariant: the only place that knows by which words a role is started.
"""

import sys

_MODULES = {
    "runtime": "runtime",
    "zygote": "runtime.host.zygote",
    "worker": "runtime.engine.worker",
    "reader": "runtime.reader",
}


def argv(role: str, *args: str) -> list[str]:
    """The argument list that starts a role of this same program.

    Args:
        role: "runtime", "zygote", "worker" or "reader".
        args: The role's own arguments.

    Raises:
        KeyError: No such role; the caller has a defect.
    """
    module = _MODULES[role]
    if getattr(sys, "frozen", False):
        return [sys.executable, f"--role={role}", *args]
    return [sys.executable, "-m", module, *args]
