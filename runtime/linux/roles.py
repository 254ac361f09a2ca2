"""How each of the program's processes is started, from source and from the frozen program.

A frozen program has one executable and no `-m`: `ioregui/__main__.py` picks the role there.
Invariant: the only file that knows `sys.executable`.
"""

import sys
from pathlib import Path

MODULES = {
    "gui": "ioregui",
    "runtime": "runtime",
    "zygote": "runtime.host.zygote",
    "worker": "runtime.engine.worker",
    "reader": "runtime.reader",
    "export": "runtime.export",
    "notification": "runtime.client.notification",
    "app": "runtime.client.apps",
    "service": "runtime.commands.service",
}
"""Role to the module whose `main(argv)` it runs."""


def argv(role: str, *arguments: str) -> list[str]:
    """The command line that starts a role.

    Raises:
        KeyError: No such role; the caller has a defect.
    """
    module = MODULES[role]
    if getattr(sys, "frozen", False):
        return [sys.executable, f"--role={role}", *arguments]
    return [sys.executable, "-m", module, *arguments]


def python() -> str:
    """A Python of the version that drivers run on, which may have pip."""
    if getattr(sys, "frozen", False):
        return f"python{sys.version_info.major}.{sys.version_info.minor}"
    return sys.executable


def resources() -> Path:
    """The folder of files that come with the program."""
    bundled = getattr(sys, "_MEIPASS", "")
    root = Path(bundled) if bundled else Path(__file__).resolve().parents[2]
    return root / "resources"
