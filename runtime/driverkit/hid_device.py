"""`IOUserHIDDevice`: a HID device that the system really uses, published by a driver.

Source: HIDDriverKit's IOHIDDevice.iig and IOUserHIDDevice.iig; linux/input.h for buses.
Invariant: the device is there from a successful `Start` to the end of the driver's process.
"""

from typing import ClassVar, NamedTuple

from runtime.driverkit.action import CallbackType, OSAction, callback
from runtime.driverkit.hid import kIOHIDReportTypeInput
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnError,
    kIOReturnSuccess,
    kIOReturnUnsupported,
)
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import invoke
from runtime.model.numbers import number
from runtime.model.properties import Properties, Value
from runtime.wire import hid, methods
from runtime.wire.limits import NAME

TIMEOUT_MS = 5000  # that the kernel waits for an answer
_LONGEST = 4096  # bytes of a report that the system asks for
_BUSES = {"USB": 0x03, "Bluetooth": 0x05, "Virtual": 0x06, "I2C": 0x18}


class HIDPublisher(IOService):
    """A service that publishes a HID device, and hears what the system asks of it."""

    def hear(self, asked: hid.ReportRequested) -> None:
        """The system asks for, or sets, a report."""

    def identity(self, description: Properties) -> hid.HIDIdentity:
        """Who the device says it is, by IOHIDDeviceKeys.h's keys."""
        keys = ("VendorID", "ProductID", "VersionNumber", "CountryCode")
        vendor, product, version, country = (number(description.get(key, 0)) or 0 for key in keys)
        return hid.HIDIdentity(
            str(description.get("Product") or self.GetName())[:NAME],
            _BUSES.get(str(description.get("Transport", "")), _BUSES["Virtual"]),
            vendor,
            product,
            version,
            country,
            str(description.get("SerialNumber", ""))[:NAME],
        )

    def await_requests(self) -> None:
        """Hear the next thing that the system asks, and all that follow."""

        def done(end: methods.Completion) -> None:
            if isinstance(end, hid.ReportRequested) and end.status == kIOReturnSuccess:
                self.hear(end)
                self.await_requests()

        expected = self._transport.expect("request", self.CopyDispatchQueue(), done)
        try:
            invoke(self._transport, 0, hid.AwaitRequest(expected), type(None))
        except IOReturnError:
            self._transport.forget(expected)  # the broker is gone: Stop comes


class _Asked(NamedTuple):
    """A report that the system asks for or sends, and the buffer of it."""

    asked: hid.ReportRequested
    report: IOBufferMemoryDescriptor


class IOUserHIDDevice(HIDPublisher):
    """A HID device of the driver's own making; needs the entitlement family.hid.device.

    An override says what it is in `newDeviceDescription` and `newReportDescriptor`, has it say
    something by `handleReport`, and answers in `getReport` and `setReport`. It overrides
    `handleStart` instead of `Start`.
    """

    CompletesReport: ClassVar[CallbackType[[int, int]]] = CallbackType(
        "IOHIDDevice::CompleteReport", status=int, actualByteCount=int
    )

    def Start(self, provider: IOService) -> None:
        """Publish the device; an override of `handleStart` prepares what it needs.

        Raises:
            IOReturnError: kIOReturnNotPermitted without the entitlement.
        """
        super().Start(provider)
        if not self.handleStart(provider):
            raise IOReturnError(kIOReturnError, f"{type(self).__name__}.handleStart: False")
        description, descriptor = self.newDeviceDescription(), self.newReportDescriptor()
        invoke(
            self._transport,
            0,
            hid.PublishDevice(self.identity(description), descriptor),
            type(None),
        )
        self.await_requests()
        registers = description.pop("RegisterService", False) is True
        self.SetProperties({**description, "ReportDescriptor": descriptor})
        if registers:
            self.RegisterService()

    def handleStart(self, provider: IOService) -> bool:
        """Prepare, before the device is there; False refuses the provider."""
        del provider
        return True

    def newDeviceDescription(self) -> Properties:
        """What it is, by IOHIDDeviceKeys.h's keys: ``VendorID``, ``ProductID``, ``Product``.

        ``RegisterService`` set to True: others may match it, once it is there.
        """
        return {}

    def newReportDescriptor(self) -> bytes:
        """The report descriptor; an override has to return one with a report in it."""
        return b""

    def setProperty(self, key: str, value: Value) -> None:
        """Set one property of the service."""
        self.SetProperties({key: value})

    def handleReport(
        self,
        timestamp: int,
        report: IOBufferMemoryDescriptor,
        reportLength: int,
        reportType: int = kIOHIDReportTypeInput,
        options: int = 0,
    ) -> None:
        """The device says an input report: the first bytes of a buffer.

        Raises:
            IOReturnError: kIOReturnNoResources beyond 8,000 a second, kIOReturnUnsupported for
                other types.
        """
        del timestamp, options
        if reportType != kIOHIDReportTypeInput:
            raise IOReturnError(kIOReturnUnsupported, "handleReport: expected an input report")
        invoke(self._transport, 0, hid.HandleReport(bytes(report)[:reportLength]), type(None))

    def getReport(
        self,
        report: IOBufferMemoryDescriptor,
        reportType: int,
        options: int,
        completionTimeout: int,
        action: OSAction,
    ) -> None:
        """The system wants a report: fill the buffer, and call `CompleteReport`.

        Args:
            report: Of the longest that may be.
            reportType: One of ``kIOHIDReportType…``.
            options: The report's id.
            completionTimeout: In milliseconds, from now on.
            action: For `CompleteReport`, once.
        """
        del report, reportType, options, completionTimeout
        self.CompleteReport(action, kIOReturnUnsupported, 0)

    def setReport(
        self,
        report: IOBufferMemoryDescriptor,
        reportType: int,
        options: int,
        completionTimeout: int,
        action: OSAction,
    ) -> None:
        """The system sets a report: what is in the buffer; then call `CompleteReport`."""
        del report, reportType, options, completionTimeout
        self.CompleteReport(action, kIOReturnUnsupported, 0)

    def CompleteReport(self, action: OSAction, status: int, actualByteCount: int) -> None:
        """End a `getReport` or `setReport`, with how many bytes of the buffer it was."""
        action.complete(status, actualByteCount)

    def hear(self, asked: hid.ReportRequested) -> None:
        """Call `setReport` or `getReport`."""
        length = len(asked.report) if asked.sets else _LONGEST
        report = IOBufferMemoryDescriptor.Create(max(1, length))
        report.SetLength(length)
        report.GetAddressRange()[: len(asked.report)] = asked.report
        action = self.CreateAction(self._answer, _Asked(asked, report))
        handle = self.setReport if asked.sets else self.getReport
        handle(report, asked.kind, asked.report_id, TIMEOUT_MS, action)

    @callback(CompletesReport)
    def _answer(self, action: OSAction, status: int, actualByteCount: int) -> None:
        reference = action.GetReference()
        assert isinstance(reference, _Asked)
        asked, report = reference
        if asked.request == 0:
            return  # it wants no answer
        data = b"" if asked.sets else bytes(report)[:actualByteCount]
        invoke(self._transport, 0, hid.CompleteReport(asked.request, status, data), type(None))
