"""A simulated HID device: a report descriptor, input as time goes by, and reports that it keeps.

Invariant: knows no driver and no wire; input comes only while somebody listens.
"""

import asyncio
from collections.abc import Callable

import msgspec

from runtime.families.hid.provider import Hear
from runtime.model.errors import ReturnError
from runtime.model.hid import ReportType
from runtime.model.kern_return import IOReturn
from runtime.model.report_descriptor import report_bytes

Produce = Callable[[int], bytes]
"""Makes the n-th input report (n from 0)."""


class HidModel(msgspec.Struct, frozen=True):
    """What a simulated HID device says it is."""

    name: str
    manufacturer: str
    serial: str
    vendor: int
    product: int
    version: int
    descriptor: bytes


class SimulatedHidDevice:
    """One device, plugged or not: a `runtime.families.hid.provider.HidDevice`.

    It keeps the output and feature reports that it is sent, zero at first; other reports that are
    asked for do not exist.
    """

    def __init__(self, model: HidModel, produce: Produce, interval_ms: int) -> None:
        self.model = model
        self._produce = produce
        self._interval_s = interval_ms / 1000
        self._sent = 0
        self._hear: Hear | None = None
        self._timer: asyncio.TimerHandle | None = None
        lengths = report_bytes(model.descriptor)
        self._kept = {key: bytes(n) for key, n in lengths.items() if key[0] != ReportType.INPUT}

    @property
    def descriptor(self) -> bytes:
        """The report descriptor."""
        return self.model.descriptor

    def listen(self, hear: Hear | None) -> None:
        """Have this called from now on; None: nobody."""
        self._hear = hear
        self.pause(paused=hear is None)

    def pause(self, *, paused: bool) -> None:
        """Say nothing, or go on."""
        if paused and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif not paused and self._timer is None and self._hear is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval_s, self._say)

    def seize(self, *, on: bool) -> None:
        """Nobody else has the input of a simulated device."""

    async def get_report(self, kind: ReportType, report_id: int, length: int) -> bytes:
        """What it was last sent.

        Raises:
            ReturnError: UNSUPPORTED, it has no such report.
        """
        return self._kept_report(kind, report_id)[:length]

    async def set_report(self, kind: ReportType, report_id: int, report: bytes) -> None:
        """Keep a report, cut or filled to its length.

        Raises:
            ReturnError: UNSUPPORTED, it has no such report.
        """
        length = len(self._kept_report(kind, report_id))
        self._kept[kind, report_id] = report[:length].ljust(length, b"\0")

    def close(self) -> None:
        """Be silent; idempotent."""
        self.listen(None)

    def _kept_report(self, kind: ReportType, report_id: int) -> bytes:
        kept = self._kept.get((kind, report_id))
        if kept is None:
            raise ReturnError(
                IOReturn.UNSUPPORTED,
                f"simulated device: expected a report that it has, found {kind.name.lower()} "
                f"report {report_id}",
            )
        return kept

    def _say(self) -> None:
        self._timer = None
        report = self._produce(self._sent)
        self._sent += 1
        self.pause(paused=False)
        if self._hear is not None:
            self._hear(report)
