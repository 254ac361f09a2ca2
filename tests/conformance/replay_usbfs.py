"""A recorded USB conversation with a driver's session, under umockdev: the mediated way only.

`python replay_usbfs.py NODE RECORDING`: each bulk URB of the recording is a transfer of a driver's.
Prints how many were as recorded. What umockdev does not emulate of usbfs is not asked of it here:
taking an interface from a kernel driver and giving it back, and to be waited for by epoll.
Invariant: ends at the first transfer that is another.
"""

import asyncio
import os
import selectors
import sys
from collections.abc import Iterator
from pathlib import Path

from runtime.families.usb import device
from runtime.families.usb.interface import InterfaceSession
from runtime.linux.usbfs import Usbfs
from runtime.wire import methods
from runtime.wire.broker import ServeUsb

SECONDS = 10.0
_BULK = "3"


class Emulated(Usbfs):
    """A node of umockdev's."""

    def claim(self, interface: int) -> None:
        """It is free: there is no kernel."""

    def connect(self, interface: int) -> None:
        """Nobody would come."""


def conversation(recording: Path) -> Iterator[tuple[int, int, bytes]]:
    """Of each URB its endpoint, its buffer's length, and the bytes that were moved."""
    for line in recording.read_text().splitlines():
        name, _, *fields = line.split()
        if name == "USBDEVFS_REAPURBNDELAY" and fields[0] == _BULK:
            _, endpoint, _, _, length, moved, _, data = fields
            yield int(endpoint), int(length), bytes.fromhex(data)[: int(moved)]


async def replay(node: str, recording: Path) -> int:
    """Have the conversation; how many URBs were as recorded."""
    vars(device)["Usbfs"] = Emulated
    usbfs = device.UsbfsDevice(os.open(node, os.O_RDWR), ServeUsb(1))
    session = InterfaceSession(usbfs, 0, set(), lambda *_: None)
    await session.call(0, methods.InterfaceOpen())
    pipes: dict[int, int] = {}
    equal = 0
    for endpoint, length, data in conversation(recording):
        if endpoint not in pipes:
            handle = await session.call(0, methods.CopyPipe(endpoint))
            assert isinstance(handle, int)
            pipes[endpoint] = handle
        sent = b"" if endpoint & 0x80 else data
        async with asyncio.timeout(SECONDS):
            found = await session.call(pipes[endpoint], methods.PipeIO(length, sent))
        if found != (data if endpoint & 0x80 else len(data).to_bytes(4, "little")):
            break
        equal += 1
    session.close()
    usbfs.close()
    return equal


def main() -> None:
    """Replay and print."""
    loop = asyncio.SelectorEventLoop(selectors.PollSelector())
    sys.stdout.write(str(loop.run_until_complete(replay(sys.argv[1], Path(sys.argv[2])))))
    loop.close()


if __name__ == "__main__":
    main()
