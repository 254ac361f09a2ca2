"""The simulated keypad as a device of a real kernel, by /dev/uhid; needs root, and the module.

Invariant: the kernel's every question is answered, as the simulated device answers it.
"""

import asyncio
import errno
import os
import time
from pathlib import Path

from runtime.families.simulated import keypad
from runtime.linux import uhid
from runtime.model.errors import ReturnError

_HIDRAW = Path("/sys/class/hidraw")


class UhidKeypad:
    """One device; in the event loop that made it."""

    def __init__(self) -> None:
        self._device = keypad.keypad()
        self._serial = f"CONFORMANCE{os.getpid()}-{id(self):x}"
        self._uhid = os.open(uhid.NODE, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        identity = uhid.Identity("Keypad", "test", self._serial, uhid.BUS_USB, 0x1209, 3, 1, 0)
        uhid.create(self._uhid, identity, self._device.descriptor)
        self._answers: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._uhid, self._on_readable)
        self._device.listen(self._say)

    def open_node(self, seconds: float) -> int:
        """Wait for the node that the kernel makes of it; the opened node, the caller's to close."""
        deadline = time.monotonic() + seconds
        while (node := self._node()) is None or not node.exists():
            assert time.monotonic() < deadline, f"{self._serial}: no hidraw node"
            time.sleep(0.01)
        return os.open(node, os.O_RDWR | os.O_CLOEXEC)

    def close(self) -> None:
        """Unplug it; idempotent."""
        if self._uhid < 0:
            return
        asyncio.get_running_loop().remove_reader(self._uhid)
        self._device.close()
        os.close(self._uhid)
        self._uhid = -1

    def _node(self) -> Path | None:
        for found in _HIDRAW.glob("*/device/uevent"):
            if f"HID_UNIQ={self._serial}\n" in found.read_text():
                return Path("/dev") / found.parent.parent.name
        return None

    def _say(self, report: bytes | None) -> None:
        assert report is not None
        uhid.send(self._uhid, report)

    def _on_readable(self) -> None:
        asked = uhid.receive(self._uhid)
        if asked is not None:
            task = asyncio.get_running_loop().create_task(self._answer(asked))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, asked: uhid.Asked) -> None:
        error, report = 0, b""
        try:
            if asked.sets:  # hidraw says by a zero that there is no id
                await self._device.set_report(asked.kind, asked.report_id, asked.report[1:])
            else:
                report = b"\0" + await self._device.get_report(asked.kind, asked.report_id, 64)
        except ReturnError:
            error = errno.EIO
        if asked.wants_answer:
            uhid.answer(self._uhid, asked, error, report)
