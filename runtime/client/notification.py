"""The window's process for one notification of the desktop, as the window has no D-Bus of its own.

Arguments: the title, the text, and the labels of Show and Later. Prints ``show`` and, after a
space, the desktop's activation token, if the user wants to see what it is about. The end of
standard input takes the notification back.
Exit codes: 0 answered, closed or taken back; 1 and one sentence on standard error.
Invariant: says what the user wants to see, and nothing else: nothing is decided in a notification.
"""

import asyncio
import os
import sys

from dbus_fast import BusType

from runtime.linux.bus import Bus
from runtime.linux.notifications import Notification
from runtime.model.errors import UnavailableError

APP = "IORegistry Inspector"
DESKTOP_FILE = "org.ioregistry.Inspector"
SHOW, LATER = "show", "later"


def main(argv: list[str] | None = None) -> int:
    """Show one notification; returns the exit code."""
    title, text, show, later = sys.argv[1:] if argv is None else argv
    try:
        asyncio.run(_run(title, text, {SHOW: show, LATER: later}))
    except UnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return os.EX_OK


async def _run(title: str, text: str, labels: dict[str, str]) -> None:
    bus = Bus(BusType.SESSION)
    notification = Notification(bus)
    withdrawn = asyncio.create_task(_end_of_input())
    try:
        # Nothing can be taken back before the desktop has said which one it is.
        await notification.show(APP, DESKTOP_FILE, title, text, labels)
        answered = asyncio.create_task(notification.answer())
        await asyncio.wait({withdrawn, answered}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            answered.cancel()
            await notification.close()
        elif (answer := answered.result()).action == SHOW:
            sys.stdout.write(f"{SHOW} {answer.token}\n")
    finally:
        withdrawn.cancel()
        bus.close()


async def _end_of_input() -> None:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()


if __name__ == "__main__":
    sys.exit(main())
