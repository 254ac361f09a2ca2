"""HIDDriverKit: a HID device as the provider of a driver.

Calls cross to the device's broker, are checked there, and block until they are answered; input
reports come to an action. Where a device numbers its reports, the first byte of each is its id.
Source: HIDDriverKit's IOHIDInterface.iig.
Invariant: nothing here is trusted by the broker; a driver gets what its provider grants.
"""

from collections import deque
from functools import cached_property
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.entry import Entry
from runtime.driverkit.hid_elements import (
    IOHIDElement,
    kIOHIDElementCommitDirectionIn,
    make_elements,
)
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnSuccess,
)
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import invoke
from runtime.model.hid import ReportType
from runtime.model.report_descriptor import numbers_reports
from runtime.wire import hid, methods

kIOHIDReportTypeInput = ReportType.INPUT
kIOHIDReportTypeOutput = ReportType.OUTPUT
kIOHIDReportTypeFeature = ReportType.FEATURE
kIOServiceSeize = 1


class IOHIDInterface(IOService):
    """A HID device: the usual provider of a HID driver."""

    ReportAvailable: ClassVar[CallbackType[[int, int, int, int, IOBufferMemoryDescriptor]]] = (
        CallbackType(
            "IOHIDInterface::ReportAvailable",
            timestamp=int,
            reportID=int,
            reportLength=int,
            reportType=int,
            report=IOBufferMemoryDescriptor,
        )
    )
    """`(action, timestamp, reportID, reportLength, reportType, report)`: nanoseconds of the
    monotonic clock, bytes, one of ``kIOHIDReportType…``. The report is the driver's until it
    returns."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self._action: OSAction | None = None
        self._pool: deque[IOBufferMemoryDescriptor] = deque()

    def Open(self, forClient: IOService, options: int, action: OSAction) -> None:
        """Open the device; from now on each input report calls `action`.

        Args:
            forClient: The driver itself.
            options: ``kIOServiceSeize``: nobody else sees its input, until `Close` or the
                driver's end. Needs the entitlement family.hid.eventservice.
            action: Of type `ReportAvailable`.

        Raises:
            IOReturnError: kIOReturnExclusiveAccess when another driver has it,
                kIOReturnNotPermitted without the entitlement.
        """
        self._check(forClient, "Open")
        action.expect(self.ReportAvailable, "Open")
        invoke(self._transport, 0, hid.HIDOpen(bool(options & kIOServiceSeize)), type(None))
        self._action = action
        self._read(action)

    def Close(self, forClient: IOService, options: int = 0) -> None:
        """Close the device: `action` is called no more, and a seized input is free again.

        Raises:
            IOReturnError: kIOReturnNotOpen.
        """
        del options
        self._check(forClient, "Close")
        self._action = None
        invoke(self._transport, 0, hid.HIDClose(), type(None))

    def AddReportToPool(self, report: IOBufferMemoryDescriptor) -> None:
        """Have input reports put into this buffer, too; without one that fits, a new one is made.

        It is the interface's from now on.
        """
        self._pool.append(report)

    def GetReport(
        self,
        report: IOBufferMemoryDescriptor,
        reportType: int,
        reportID: int = 0,
        options: int = 0,
    ) -> int:
        """Ask the device for a report, and wait for it.

        Returns:
            The bytes that were put into `report`.

        Raises:
            IOReturnError: kIOReturnNotOpen, and what the device answers.
        """
        del options
        method = hid.GetReport(ReportType(reportType), reportID, report.GetLength())
        data = invoke(self._transport, 0, method, bytes)
        report.GetAddressRange()[: len(data)] = data
        return len(data)

    def SetReport(
        self,
        report: IOBufferMemoryDescriptor,
        reportType: int,
        reportID: int = 0,
        options: int = 0,
    ) -> None:
        """Send the device a report, all of the buffer, and wait until it has it.

        Raises:
            IOReturnError: kIOReturnNotOpen, and what the device answers.
        """
        del options
        invoke(
            self._transport,
            0,
            hid.SetReport(ReportType(reportType), reportID, bytes(report)),
            type(None),
        )

    def CopyReportDescriptor(self) -> bytes:
        """The report descriptor."""
        return self._descriptor

    def getElements(self) -> list[IOHIDElement]:
        """What the values of the device's reports are; always the same objects.

        `processReport` and `commitElements` change their values.
        """
        return self._elements

    def processReport(
        self,
        timestamp: int,
        report: bytes | memoryview,
        reportLength: int,
        reportType: int,
        reportID: int,
    ) -> None:
        """Set the values of the elements that are in a report."""
        key = (ReportType(reportType), reportID)
        for each in {id(one.report): one.report for one in self._elements}.values():
            if each.key == key:
                each.take(bytes(report[:reportLength]), timestamp)

    def commitElements(self, elements: list[IOHIDElement], direction: int) -> None:
        """Have the device say these elements, or tell it their values, a report at a time.

        Args:
            elements: Of `getElements`.
            direction: ``kIOHIDElementCommitDirectionIn`` or ``…Out``.

        Raises:
            IOReturnError: The device refused; reports before that one have been moved.
        """
        for report in {id(one.report): one.report for one in elements}.values():
            kind, report_id = report.key
            if direction == kIOHIDElementCommitDirectionIn:
                data = invoke(
                    self._transport, 0, hid.GetReport(kind, report_id, report.length), bytes
                )
                report.take(data, report.timestamp)
            else:
                invoke(self._transport, 0, hid.SetReport(kind, report_id, report.data), type(None))

    @cached_property
    def _descriptor(self) -> bytes:
        return invoke(self._transport, 0, hid.CopyReportDescriptor(), bytes)

    @cached_property
    def _numbered(self) -> bool:
        return numbers_reports(self._descriptor)

    @cached_property
    def _elements(self) -> list[IOHIDElement]:
        return make_elements(self._descriptor, self.commitElements)

    def _check(self, client: IOService, what: str) -> None:
        if client.GetProvider() is not self:
            raise IOReturnError(kIOReturnBadArgument, f"{what}: expected the provider's own driver")

    def _read(self, action: OSAction) -> None:
        """Wait for further reports, while the device is open and there."""

        def done(end: methods.Completion) -> None:
            if isinstance(end, hid.ReportsAvailable) and end.status == kIOReturnSuccess:
                self._read(action)
                for each in end.reports:
                    self._deliver(action, each)

        if self._action is not action:
            return
        number = self._transport.expect(action.name, action.queue, done)
        try:
            invoke(self._transport, 0, hid.ReadReports(number), type(None))
        except IOReturnError:
            self._transport.forget(number)  # it is gone: Stop comes

    def _deliver(self, action: OSAction, came: hid.InputReport) -> None:
        if self._action is not action:
            return  # closed by a report before
        data = came.report
        pooled = bool(self._pool) and self._pool[0].GetLength() >= len(data)
        report = self._pool.popleft() if pooled else IOBufferMemoryDescriptor.Create(len(data))
        report.GetAddressRange()[: len(data)] = data
        number = data[0] if self._numbered else 0
        action.complete(came.timestamp_ns, number, len(data), kIOHIDReportTypeInput, report)
        if pooled:
            self._pool.append(report)


PROVIDERS: dict[str, type[IOService]] = {"IOHIDInterface": IOHIDInterface}
"""Proxies by the provider's IOKit class."""
