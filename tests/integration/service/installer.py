"""A window's way to the system service, as an ordinary user's program: a process of its own.

`python -m tests.integration.service.installer BUS UID` has BUS as the machine's system bus in its
own mount namespace, says null, and then for each line that it reads what `ServiceSetup` says came
of one try. pkexec is the real one; what it runs as root is a stand-in that only root can do.
The program may lie where only root reads: to the file system, and to it alone, this stays root.
"""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Signal

from ioregui.window.service import ServiceSetup

COMMAND = ["pkexec", "/usr/bin/test", "-w", "/proc/1/environ"]
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS of sched.h


class Bridge(QObject):
    """The window's connection, as far as it goes here."""

    reset = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mirror = SimpleNamespace(extensions={})
        self.asked: list[str] = []

    def ask(self, command: object, *_answers: object) -> None:
        """Keep what is asked for."""
        self.asked.append(type(command).__name__)


def become(bus: str, uid: int) -> None:
    """Have this system bus, and be this user."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "bus", "/run/dbus"], check=True)
    Path("/run/dbus/system_bus_socket").symlink_to(bus)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, 0)
    libc.setfsuid(0)


def tried(setup: ServiceSetup, bridge: Bridge) -> list[str]:
    """Try once; what it said, and what it asked the runtime for."""
    said: list[str] = []
    loop = QEventLoop()
    over: Any = setup._process.finished
    setup.told.connect(said.append)
    setup.failed.connect(said.append)
    over.connect(loop.quit)
    setup.install()
    loop.exec()
    setup.told.disconnect(said.append)
    setup.failed.disconnect(said.append)
    return said + bridge.asked


def main() -> None:
    """Serve until the end of standard input."""
    become(sys.argv[1], int(sys.argv[2]))
    QCoreApplication(sys.argv)
    bridge, banners = Bridge(), QObject()
    role: Any = bridge
    parent: Any = banners
    setup = ServiceSetup(role, parent, lambda: COMMAND)
    _say(None)
    for _ in sys.stdin:
        _say(tried(setup, bridge))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
