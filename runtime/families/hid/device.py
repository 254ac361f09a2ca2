"""A real HID device on an open hidraw node: a `runtime.families.hid.provider.HidDevice`.

What waits for the device does so in a thread of its own, one after the other, so that input and
the end of a driver never wait for it.
Source: Documentation/hid/hidraw.rst; drivers/hid/hidraw.c.
Invariant: while nobody listens the kernel's other readers have their input.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from runtime.families.hid.provider import Hear
from runtime.linux import hidraw
from runtime.model.errors import ReturnError
from runtime.model.hid import LONGEST_REPORT, ReportType
from runtime.model.kern_return import IOReturn
from runtime.model.report_descriptor import numbers_reports

T = TypeVar("T")

READS_A_TURN = 64  # of the loop, so that nothing else waits for a device that floods
_REFUSAL = {
    errno.EBUSY: IOReturn.EXCLUSIVE_ACCESS,
    errno.ENODEV: IOReturn.NO_DEVICE,
    errno.EACCES: IOReturn.NOT_PERMITTED,
    errno.EPERM: IOReturn.NOT_PERMITTED,
    errno.EINVAL: IOReturn.BAD_ARGUMENT,
    errno.EPIPE: IOReturn.USB_PIPE_STALLED,
    errno.ENOSYS: IOReturn.UNSUPPORTED,
    errno.ETIMEDOUT: IOReturn.TIMEOUT,
}


class HidrawDevice:
    """One device; the descriptors are owned from now on."""

    def __init__(self, node: int, events: Sequence[int]) -> None:
        """Read its report descriptor; `events` are its open event nodes, to be seized.

        Raises:
            OSError: The device is gone.
        """
        fcntl.fcntl(node, fcntl.F_SETFL, os.O_NONBLOCK)
        self._node = node
        self._events = tuple(events)
        self._descriptor = hidraw.descriptor(node)
        self._numbered = numbers_reports(self._descriptor)
        self._hear: Hear | None = None
        self._reading = False
        self._seized: list[int] = []
        self._waiter = ThreadPoolExecutor(1, "hidraw")
        self._loop = asyncio.get_running_loop()

    @property
    def descriptor(self) -> bytes:
        """The report descriptor."""
        return self._descriptor

    def listen(self, hear: Hear | None) -> None:
        """Have this called from now on, and nothing that came before; None: nobody."""
        self._hear = hear
        self.pause(paused=True)
        if hear is not None:
            with contextlib.suppress(OSError):  # nothing is left, or the device is gone
                while hidraw.read(self._node):
                    pass
            self.pause(paused=False)

    def pause(self, *, paused: bool) -> None:
        """Leave further reports where they are, or take them again."""
        reading = not paused and self._hear is not None
        if reading and not self._reading:
            self._loop.add_reader(self._node, self._on_readable)
        elif self._reading and not reading:
            self._loop.remove_reader(self._node)
        self._reading = reading

    def seize(self, *, on: bool) -> None:
        """Keep the input from the rest of the system, or let it have it again; ReturnError."""
        if not on:
            while self._seized:
                with contextlib.suppress(OSError):  # the device is gone
                    hidraw.grab(self._seized.pop(), on=False)
            return
        try:
            for event in self._events:
                hidraw.grab(event, on=True)
                self._seized.append(event)
        except OSError as error:
            self.seize(on=False)
            raise _refusal("its input", error) from error

    async def get_report(self, kind: ReportType, report_id: int, length: int) -> bytes:
        """Ask for a report of up to so many bytes; ReturnError."""
        room = min(length + (not self._numbered), LONGEST_REPORT)
        ask = partial(hidraw.get_report, self._node, kind, report_id, room)
        return self._from_node(await self._wait("GetReport", ask))

    async def set_report(self, kind: ReportType, report_id: int, report: bytes) -> None:
        """Send a report; ReturnError."""
        if self._numbered and report[:1] != bytes([report_id]):
            raise ReturnError(
                IOReturn.BAD_ARGUMENT,
                f"report: expected its id {report_id} in its first byte, found {report[:1].hex()}",
            )
        sent = report if self._numbered else b"\0" + report
        await self._wait("SetReport", partial(hidraw.set_report, self._node, kind, sent))

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        if self._node < 0:
            return
        self.listen(None)
        self.seize(on=False)
        self._waiter.shutdown(wait=False, cancel_futures=True)
        for each in (self._node, *self._events):
            os.close(each)
        self._node = -1

    async def _wait(self, what: str, work: Callable[[], T]) -> T:
        try:
            return await self._loop.run_in_executor(self._waiter, work)
        except OSError as error:
            raise _refusal(what, error) from error

    def _from_node(self, data: bytes) -> bytes:
        """A report without the byte that stands for an id where there is none."""
        return data if self._numbered else data[1:]

    def _on_readable(self) -> None:
        for _ in range(READS_A_TURN):
            if self._hear is None or not self._reading:
                return
            try:
                report = hidraw.read(self._node)
            except BlockingIOError:
                return
            except OSError:
                report = b""  # the device is gone
            if not report:
                hear, self._hear = self._hear, None
                self.pause(paused=True)
                hear(None)
                return
            self._hear(report)


def _refusal(what: str, error: OSError) -> ReturnError:
    code = _REFUSAL.get(error.errno or 0, IOReturn.ERROR)
    return ReturnError(code, f"{what}: {error.strerror}")
