"""A recorded HID conversation with a driver's session, under umockdev.

`python replay_hidraw.py NODE SCRIPT`: every line of the script is a report that the driver sent, or
one that has to come next. Prints how many were as recorded. umockdev keeps no borders between
reports that follow each other closely, so only their bytes are compared.
Invariant: ends at the first report that is another.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from runtime.families.hid.device import HidrawDevice
from runtime.families.hid.interface import ServedHidDevice
from runtime.model.hid import ReportType
from runtime.wire import hid, methods

SECONDS = 10.0


def conversation(script: Path) -> Iterator[tuple[str, bytes]]:
    """What was written and read, in its order (umockdev-record's script format)."""
    for line in script.read_bytes().split(b"\n"):
        kind, _, rest = line.partition(b" ")
        if kind in {b"w", b"r"}:
            yield kind.decode(), _unescaped(rest.partition(b" ")[2])


def _unescaped(data: bytes) -> bytes:
    found, rest = bytearray(), iter(data)
    for byte in rest:
        escaped = next(rest) if byte == ord("^") else None
        found.append(byte if escaped in {None, ord("`")} else escaped ^ 0x40)
    return bytes(found)


async def replay(node: str, script: Path) -> int:
    """Have the conversation; how many reports were as recorded."""
    served = ServedHidDevice(HidrawDevice(os.open(node, os.O_RDWR), ()))
    came = bytearray()
    completed = asyncio.Event()

    def complete(action: int, completion: methods.Completion) -> None:
        assert action == 1
        assert isinstance(completion, hid.ReportsAvailable)
        for each in completion.reports:
            came.extend(each.report)
        completed.set()

    session = served.session(0, complete)
    await session.call(0, hid.HIDOpen())
    await session.call(0, hid.ReadReports(1))
    equal = 0
    for kind, report in conversation(script):
        if kind == "w":
            await session.call(0, hid.SetReport(ReportType.OUTPUT, 0, report[1:]))
        else:
            async with asyncio.timeout(SECONDS):
                while len(came) < len(report):
                    await completed.wait()
                    completed.clear()
                    await session.call(0, hid.ReadReports(1))
            if not came.startswith(report):
                break
            del came[: len(report)]
        equal += 1
    session.close()
    served.close()
    return equal


if __name__ == "__main__":
    sys.stdout.write(str(asyncio.run(replay(sys.argv[1], Path(sys.argv[2])))))
