"""A published HID device that nobody uses: what drivers of simulated devices publish.

A simulated keypad must not type into the session of whoever tries it.
Invariant: what it accepts, a real one does.
"""

from runtime.families.hid.report_rate import ReportRate, require_reports
from runtime.families.provider import Complete
from runtime.model.errors import ReturnError
from runtime.model.hid import ReportType
from runtime.model.kern_return import IOReturn
from runtime.model.report_descriptor import numbers_reports, report_bytes
from runtime.wire import hid


class SimulatedPublishedDevice:
    """One device of one driver process."""

    def __init__(self, complete: Complete) -> None:
        self._complete = complete
        self._inputs: set[tuple[int, int]] = set()  # id and length of each input report
        self._numbered = False
        self._waiting = 0
        self._rate = ReportRate()

    def make(self, identity: hid.HIDIdentity, physical: str, descriptor: bytes) -> None:
        """Keep what its reports are; ReturnError BAD_ARGUMENT where there are none."""
        del identity, physical
        require_reports(descriptor)
        lengths = report_bytes(descriptor)
        self._inputs = {(key[1], n) for key, n in lengths.items() if key[0] is ReportType.INPUT}
        self._numbered = numbers_reports(descriptor)

    def withdraw(self) -> None:
        """Forget what its reports are."""
        self._inputs.clear()

    def say(self, report: bytes) -> None:
        """Look at an input report; ReturnError where its descriptor has no such."""
        self._rate.count()
        number = report[0] if self._numbered and report else 0
        if (number, len(report)) not in self._inputs:
            raise ReturnError(
                IOReturn.BAD_ARGUMENT,
                f"report {number} of {len(report)} bytes: expected one of the report descriptor's, "
                f"{sorted(self._inputs)}",
            )

    def await_request(self, action: int) -> None:
        """Nobody asks it for anything; ReturnError BUSY for a second one."""
        if self._waiting:
            raise ReturnError(IOReturn.BUSY, "published device: a request is awaited already")
        self._waiting = action

    def complete_report(self, answer: hid.CompleteReport) -> None:
        """Nothing was asked; ReturnError NOT_FOUND."""
        raise ReturnError(
            IOReturn.NOT_FOUND, f"published device: request {answer.request} is not open"
        )

    def close(self) -> None:
        """An awaited request completes with ABORTED; idempotent."""
        if self._waiting:
            self._complete(self._waiting, hid.ReportRequested(IOReturn.ABORTED))
            self._waiting = 0
