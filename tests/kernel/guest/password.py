"""Runs in the guest: a window's way to the system service, for a user who types passwords.

`python -m tests.kernel.guest.password UID PASSWORD…` has the user sit at the machine, and tries
once for each password: with a text agent that types it, or without one where it is empty. It prints
what `ServiceSetup` says of each try, a JSON array a line. pkexec, polkit, its agent and PAM are the
machine's own.
Invariant: what is typed is typed at a terminal, once, when a password is asked for.
"""

import asyncio
import json
import os
import pty
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, QTimer

from ioregui.window.service import ServiceSetup
from runtime.client.start import service_command
from tests.integration.service.installer import Bridge, tried
from tests.kernel.guest import visitor

PROMPT = b"Password: "
LOOK_MS = 10  # between two looks whether the terminal still echoes: nobody is told of that
_LOCAL = 3  # of what termios tells, the local modes


@contextmanager
def agent(password: str) -> Iterator[None]:
    """Have the text agent ask for passwords on a terminal of its own, where this one is typed."""
    registered, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    parent = str(os.getpid())
    pid, terminal = pty.fork()
    if not pid:
        command = ["pkttyagent", "--notify-fd", str(theirs), "--process", parent]
        os.execvp(command[0], command)
    os.close(theirs)
    os.read(registered, 1)  # the end of the file: it has closed it
    os.close(registered)
    shown = QSocketNotifier(terminal, QSocketNotifier.Type.Read)
    said = bytearray()
    hidden = QTimer(interval=LOOK_MS)

    def read() -> None:
        said.extend(os.read(terminal, 4096))
        if said.endswith(PROMPT):
            hidden.start()

    def type_it() -> None:
        """Type once nothing is echoed any more: the agent drops what came before that."""
        if not termios.tcgetattr(terminal)[_LOCAL] & termios.ECHO:
            hidden.stop()
            os.write(terminal, password.encode() + b"\n")

    shown.activated.connect(read)
    hidden.timeout.connect(type_it)
    try:
        yield
    finally:
        hidden.stop()
        shown.setEnabled(False)
        os.close(terminal)  # which hangs it up
        os.waitpid(pid, 0)


def _command() -> list[str]:
    """What the window has pkexec run, by way of a program that everybody can see.

    To start it is left out: to look whether others can change its files takes minutes here.
    """
    pkexec, *install = service_command()
    return [pkexec, "/usr/bin/env", *install, "--root", "/"]


def main() -> None:
    """Try with each password."""
    uid = int(sys.argv[1])
    asyncio.run(visitor.sit_down(uid))
    visitor.become(uid)
    QCoreApplication(sys.argv)
    bridge, banners = Bridge(), QObject()
    role: Any = bridge
    parent: Any = banners
    setup = ServiceSetup(role, parent, _command)
    for password in sys.argv[2:]:
        if password:
            with agent(password):
                said = tried(setup, bridge)
        else:
            said = tried(setup, bridge)
        sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
