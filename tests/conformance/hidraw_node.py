"""The kernel's side of a hidraw node, for one simulated device: reports in and out, a grab.

Stands in for `runtime.linux.hidraw`; what it does with ids and errors is what drivers/hid/hidraw.c
does.
Invariant: its descriptor is readable exactly while a report waits, or the device is gone.
"""

import asyncio
import errno
import socket
from collections.abc import Coroutine
from typing import Any

from runtime.families.simulated import keypad
from runtime.model.errors import ReturnError
from runtime.model.hid import ReportType


class HidrawNode:
    """A node, and one event node beside it."""

    EVENTS = 4711

    def __init__(self) -> None:
        self.device = keypad.keypad()
        self._kernel, ours = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self.fd = ours.detach()
        self._reader = socket.socket(fileno=self.fd)
        self.grabbed = False
        self.device.listen(self._say)

    def unplug(self) -> None:
        """The device goes: every read ends."""
        self.device.listen(None)
        self._kernel.close()

    def close(self) -> None:
        """Let go of what the device did not own."""
        self.unplug()
        self._reader.detach()

    def descriptor(self, fd: int) -> bytes:
        assert fd == self.fd
        return self.device.descriptor

    def read(self, fd: int) -> bytes:
        assert fd == self.fd
        return self._reader.recv(4096)

    def get_report(self, fd: int, kind: ReportType, report_id: int, length: int) -> bytes:
        assert fd == self.fd
        report: bytes = _result(self.device.get_report(kind, report_id, length - 1))
        return b"\0" + report

    def set_report(self, fd: int, kind: ReportType, report: bytes) -> None:
        assert fd == self.fd
        _result(self.device.set_report(kind, report[0], report[1:]))

    def grab(self, event_node: int, *, on: bool) -> None:
        assert event_node == self.EVENTS
        self.grabbed = on

    def _say(self, report: bytes | None) -> None:
        assert report is not None
        self._kernel.send(report)


def _result(call: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that waits for nothing; the kernel's word for a refusal."""
    try:
        call.send(None)
    except StopIteration as ended:
        return ended.value
    except ReturnError as error:
        raise OSError(errno.EPIPE, "Broken pipe") from error
    raise AssertionError(asyncio.current_task())
