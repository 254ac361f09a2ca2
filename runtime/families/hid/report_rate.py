"""What every published HID device is held to, real or simulated.

Invariant: a driver floods nobody.
"""

import time

from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.report_descriptor import report_bytes
from runtime.wire import limits

WINDOW_NS = 100_000_000  # in which reports are counted
_A_WINDOW = limits.REPORT_RATE * WINDOW_NS // 1_000_000_000


class ReportRate:
    """Counts the input reports of one device."""

    def __init__(self) -> None:
        self._window, self._count = 0, 0

    def count(self) -> None:
        """One more; ReturnError NO_RESOURCES beyond `limits.REPORT_RATE`."""
        window = time.monotonic_ns() // WINDOW_NS
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        if self._count > _A_WINDOW:
            raise ReturnError(
                IOReturn.NO_RESOURCES,
                f"published device: expected at most {limits.REPORT_RATE} reports a second",
            )


def require_reports(descriptor: bytes) -> None:
    """Refuse a report descriptor without a report; ReturnError BAD_ARGUMENT."""
    if not report_bytes(descriptor):
        raise ReturnError(
            IOReturn.BAD_ARGUMENT, "report descriptor: expected a report in it, found none"
        )
