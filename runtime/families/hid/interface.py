"""What one driver process may do with one HID device, whatever moves the device's reports.

Runs in the event loop of the device's broker. Input reports wait for the driver in a bounded
queue; while that is full, no more are taken from the device.
Invariant: a closed session completes nothing any more.
"""

import asyncio
import contextlib
import socket
import time
from collections import deque

from runtime.families.hid.provider import HidDevice
from runtime.families.provider import Answer, Complete
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import hid, limits, methods


class ServedHidDevice:
    """A HID device as its broker serves it; the device is owned from now on."""

    def __init__(self, device: HidDevice) -> None:
        self.device = device
        self.opener: HidSession | None = None

    def session(
        self, number: int, complete: Complete, opening: socket.socket | None = None
    ) -> "HidSession":
        """Let one driver process at the device's only interface; there is nothing to lend."""
        del number, opening
        return HidSession(self, complete)

    def give_back(self, number: int) -> None:
        """Nothing is held while no driver has it open."""

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        self.device.close()


class HidSession:
    """One driver process at one HID device. `close` ends everything that it holds."""

    def __init__(self, served: ServedHidDevice, complete: Complete) -> None:
        self._served = served
        self._device = served.device
        self._complete = complete
        self._gone = False
        self._waiting: deque[int] = deque()  # actions of reads
        self._reports: deque[hid.InputReport] = deque()
        self._came = asyncio.Event()  # a report, or the end

    def begin(self, _target: int, _method: methods.Method, _answer: Answer) -> bool:
        """See `ProviderSession.begin`: reports are few."""
        return False

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed, or is none of a HID interface.
        """
        result: object = None
        match method:
            case hid.CopyReportDescriptor():
                result = self._device.descriptor
            case hid.HIDOpen(seize=seize):
                self._open(seize=seize)
            case hid.HIDClose():
                self._require_open()
                self.close()
            case hid.ReadReports(action=action):
                self._read(action)
            case hid.WaitForReport(timeout_ms=timeout_ms):
                result = await self._wait(timeout_ms)
            case hid.GetReport():
                result = await self._get(method)
            case hid.SetReport(kind=kind, report_id=report_id, report=report):
                self._require_open()
                await self._device.set_report(kind, report_id, report)
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED,
                    f"{type(method).__name__} is no method of a HID interface (of handle {target})",
                )
        return result

    def close(self) -> None:
        """Abort reads that wait, whose completions come first, and close; idempotent."""
        while self._waiting:
            aborted = hid.ReportsAvailable(IOReturn.ABORTED)
            self._complete(self._waiting.popleft(), aborted)
        self._reports.clear()
        self._came.set()
        if self._served.opener is self:
            self._served.opener = None
            self._device.listen(None)
            self._device.seize(on=False)

    def unplug(self) -> None:
        """The device is gone: `close`, and nothing can be opened any more."""
        self._gone = True
        self.close()

    def _open(self, *, seize: bool) -> None:
        if self._gone:
            raise ReturnError(IOReturn.NO_DEVICE, "the device was unplugged")
        if self._served.opener is not None:
            raise ReturnError(IOReturn.EXCLUSIVE_ACCESS, "interface is open already")
        if seize:
            self._device.seize(on=True)
        self._served.opener = self
        self._device.listen(self._hear)

    def _require_open(self) -> None:
        if self._gone:
            raise ReturnError(IOReturn.ABORTED, "the device was unplugged")
        if self._served.opener is not self:
            raise ReturnError(IOReturn.NOT_OPEN, "interface is not open")

    async def _get(self, method: hid.GetReport) -> bytes:
        self._require_open()
        if not 0 < method.length <= limits.REPORT:
            raise ReturnError(
                IOReturn.BAD_ARGUMENT,
                f"report: expected 1 to {limits.REPORT} bytes, found {method.length}",
            )
        return await self._device.get_report(method.kind, method.report_id, method.length)

    async def _wait(self, timeout_ms: int) -> bytes:
        self._require_open()
        if not self._reports and timeout_ms:
            self._came.clear()
            seconds = min(timeout_ms, limits.WAIT_MS) / 1000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), seconds)
            self._require_open()
        if not self._reports:
            return b""
        report = self._reports.popleft().report
        self._device.pause(paused=False)
        return report

    def _read(self, action: int) -> None:
        self._require_open()
        if len(self._waiting) >= limits.OUTSTANDING:
            raise ReturnError(IOReturn.NO_RESOURCES, "driver has too many outstanding reads")
        self._waiting.append(action)
        self._serve()

    def _hear(self, report: bytes | None) -> None:
        if report is None:
            self.unplug()
            return
        self._reports.append(hid.InputReport(time.monotonic_ns(), report[: limits.REPORT]))
        if len(self._reports) >= limits.REPORTS:
            self._device.pause(paused=True)
        self._came.set()
        self._serve()

    def _serve(self) -> None:
        """Complete a read with all that came, as far as one completion holds it."""
        if not (self._waiting and self._reports):
            return
        batch: list[hid.InputReport] = []
        room = limits.TRANSFER
        while self._reports and room >= len(self._reports[0].report):
            batch.append(self._reports.popleft())
            room -= len(batch[-1].report)
        self._complete(
            self._waiting.popleft(), hid.ReportsAvailable(IOReturn.SUCCESS, tuple(batch))
        )
        self._device.pause(paused=False)
