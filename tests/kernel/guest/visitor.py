"""A command of the project, run by another user than root: `visitor.py UID seated|away ARGUMENT…`.

The program may lie where only root reads: to the file system, and to it alone, this stays root.
Who is seated has a session of logind's, local and shown; who is away has none.
"""

import asyncio
import ctypes
import os
import sys

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from runtime.commands import systemextensionsctl

LOGIND, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1"
_SESSION = "uusssssussbssa(sv)"


async def sit_down(uid: int) -> None:
    """Have logind make a session of this process; it lasts as long as the process does."""
    bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
    where = ["tests", "tty", "user", "", "seat0", 1, "tty1", "", False, "", "", []]
    reply = await bus.call(
        Message(
            LOGIND,
            MANAGER,
            f"{LOGIND}.Manager",
            "CreateSession",
            signature=_SESSION,
            body=[uid, os.getpid(), *where],
        )
    )
    assert reply is not None
    assert reply.message_type is not MessageType.ERROR, reply.body
    bus.disconnect()  # the descriptors of the answer stay open: they are the session's life


def become(uid: int) -> None:
    """Be this user to everything but the file system."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, 0)
    ctypes.CDLL(None).setfsuid(0)


def main() -> int:
    uid = int(sys.argv[1])
    if sys.argv[2] == "seated":
        asyncio.run(sit_down(uid))
    become(uid)
    return systemextensionsctl.run(sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
