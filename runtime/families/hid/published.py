"""A HID device that a driver publishes: from its making to its end, on an open /dev/uhid.

What the system asks of it waits for the driver in a bounded queue; what finds that full is refused
at once, and the kernel itself gives up on an answer after 5 s.
Runs in the event loop of the broker.
Invariant: the device is there at most as long as this object is open.
"""

import asyncio
import contextlib
import errno
import os
from collections import deque

from runtime.families.hid.report_rate import ReportRate, require_reports
from runtime.families.provider import Complete
from runtime.linux import uhid
from runtime.model.errors import ReturnError
from runtime.model.hid import ReportType
from runtime.model.kern_return import IOReturn
from runtime.model.report_descriptor import numbers_reports, report_bytes
from runtime.wire import hid

ASKED = 64  # questions that wait for a driver


class PublishedDevice:
    """One device of one driver process.

    Args:
        node: An open /dev/uhid, owned from now on; -1 for a driver that may not publish.
        complete: Where completions go.
    """

    def __init__(self, node: int, complete: Complete) -> None:
        self._node = node
        self._complete = complete
        self._lengths: dict[tuple[ReportType, int], int] = {}
        self._numbered = False
        self._asked: deque[uhid.Asked] = deque()
        self._open: uhid.Asked | None = None  # the kernel asks one thing at a time
        self._waiting = 0  # action of the driver's AwaitRequest
        self._rate = ReportRate()

    def make(self, identity: hid.HIDIdentity, physical: str, descriptor: bytes) -> None:
        """Have it be there, once and before anything else.

        Raises:
            ReturnError: BAD_ARGUMENT, a descriptor without a report; what the kernel refuses.
        """
        require_reports(descriptor)
        self._lengths = report_bytes(descriptor)
        self._numbered = numbers_reports(descriptor)
        try:
            uhid.create(self._node, _identity(identity, physical), descriptor)
        except OSError as error:
            raise ReturnError(IOReturn.ERROR, f"{uhid.NODE}: {error.strerror}") from error
        asyncio.get_running_loop().add_reader(self._node, self._on_readable)

    def withdraw(self) -> None:
        """Take it away, for another one to be made; an awaited request waits on."""
        self._asked.clear()
        self._open = None
        uhid.destroy(self._node)

    def say(self, report: bytes) -> None:
        """Have it say an input report; ReturnError."""
        if not 0 < len(report) <= uhid.LONGEST_REPORT:
            raise ReturnError(
                IOReturn.BAD_ARGUMENT,
                f"report: expected 1 to {uhid.LONGEST_REPORT} bytes, found {len(report)}",
            )
        self._rate.count()
        try:
            uhid.send(self._node, report)
        except OSError as error:
            raise ReturnError(IOReturn.NOT_READY, f"handleReport: {error.strerror}") from error

    def await_request(self, action: int) -> None:
        """Complete this with the next thing that the system asks; ReturnError BUSY."""
        if self._waiting:
            raise ReturnError(IOReturn.BUSY, "published device: a request is awaited already")
        self._waiting = action
        self._hand_over()

    def complete_report(self, answer: hid.CompleteReport) -> None:
        """Answer what was asked; ReturnError NOT_FOUND."""
        asked, self._open = self._open, None
        if asked is None or asked.request != answer.request:
            raise ReturnError(
                IOReturn.NOT_FOUND, f"published device: request {answer.request} is not open"
            )
        error = 0 if answer.status == IOReturn.SUCCESS else errno.EIO
        self._answer(asked, error, answer.report[: uhid.LONGEST_REPORT])

    def close(self) -> None:
        """Take it away; an awaited request completes with ABORTED. Idempotent."""
        if self._node < 0:
            return
        asyncio.get_running_loop().remove_reader(self._node)
        os.close(self._node)
        self._node = -1
        if self._waiting:
            self._complete(self._waiting, hid.ReportRequested(IOReturn.ABORTED))
            self._waiting = 0

    def _on_readable(self) -> None:
        try:
            asked = uhid.receive(self._node)
        except BlockingIOError:
            return
        if asked is None:
            return
        if len(self._asked) >= ASKED:
            self._answer(asked, errno.EBUSY)
            return
        self._asked.append(asked)
        self._hand_over()

    def _hand_over(self) -> None:
        if not (self._waiting and self._asked):
            return
        asked, action = self._asked.popleft(), self._waiting
        self._waiting = 0
        report = self._trimmed(asked)
        if asked.wants_answer:
            self._open = asked
        number = report[0] if self._numbered and report else asked.report_id
        self._complete(
            action,
            hid.ReportRequested(
                IOReturn.SUCCESS, asked.request, asked.sets, asked.kind, number, report
            ),
        )

    def _trimmed(self, asked: uhid.Asked) -> bytes:
        """A report without the zero before it with which hidraw says that there is no id."""
        length = self._lengths.get((asked.kind, 0), 0)
        unnumbered = not self._numbered and len(asked.report) == length + 1
        return asked.report[1:] if unnumbered and asked.report[0] == 0 else asked.report

    def _answer(self, asked: uhid.Asked, error: int, report: bytes = b"") -> None:
        if asked.wants_answer:
            with contextlib.suppress(OSError):  # the kernel has given up meanwhile
                uhid.answer(self._node, asked, error, report)


def _identity(said: hid.HIDIdentity, physical: str) -> uhid.Identity:
    numbers = (said.vendor, said.product, said.version, said.country)
    return uhid.Identity(said.name, physical, said.serial, said.bus, *numbers)
