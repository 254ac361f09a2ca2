"""`IOUserUSBHostHIDDevice`: the HID device that a USB interface of class HID is, published again.

Source: HIDDriverKit's IOUserUSBHostHIDDevice.iig; HID 1.11 chapter 7 for the requests.
Invariant: every report of the device is said once, in its order, unless an override keeps it.
"""

from runtime.driverkit.action import OSAction, callback
from runtime.driverkit.hid import kIOHIDReportTypeOutput
from runtime.driverkit.hid_device import IOUserHIDDevice
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotFound,
    kIOReturnSuccess,
)
from runtime.driverkit.log import IOLog
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.usb import IOUSBHostInterface
from runtime.driverkit.usb_pipe import IOUSBHostPipe
from runtime.model.properties import Properties
from runtime.model.usb import EndpointDescriptor, TransferType

_GET_DESCRIPTOR, _GET_REPORT, _SET_REPORT, _SET_IDLE, _SET_PROTOCOL = 6, 0x01, 0x09, 0x0A, 0x0B
_REPORT_DESCRIPTOR = 0x22
_STANDARD_IN, _CLASS_IN, _CLASS_OUT = 0x81, 0xA1, 0x21  # of an interface
_LONGEST_DESCRIPTOR = 4096


class IOUserUSBHostHIDDevice(IOUserHIDDevice):
    """Publishes its provider, an interface of class HID; needs family.hid.device and transport.usb.

    The kernel's driver has given way to this one: an override may correct what the device says.
    """

    def Start(self, provider: IOService) -> None:
        """Open the interface, publish the device and begin to read its reports.

        Raises:
            IOReturnError: The interface has no interrupt endpoint to read from, or a report
                descriptor of none; kIOReturnNotPermitted without the entitlement.
        """
        super().Start(provider)
        self._reads = self.CreateAction(self._read_complete)
        self._read()

    def handleStart(self, provider: IOService) -> bool:
        """Open the interface and find its pipes."""
        if not isinstance(provider, IOUSBHostInterface):
            raise IOReturnError(kIOReturnBadArgument, "expected a USB interface as provider")
        self._interface = provider
        provider.Open(self)
        descriptor = provider.GetInterfaceDescriptor()
        self._number = descriptor.number
        reads = _interrupt(descriptor.endpoints, reads=True)
        writes = _interrupt(descriptor.endpoints, reads=False)
        if reads is None:
            raise IOReturnError(kIOReturnNotFound, "expected an interrupt IN endpoint, found none")
        self._pipe = provider.CopyPipe(reads.address)
        self._buffer = IOBufferMemoryDescriptor.Create(reads.max_packet_size & 0x7FF)
        self._out = provider.CopyPipe(writes.address) if writes is not None else None
        return True

    def newDeviceDescription(self) -> Properties:
        """What the USB device says it is."""
        found = self._interface.CopyProperties()
        names = {
            "VendorID": "idVendor",
            "ProductID": "idProduct",
            "VersionNumber": "bcdDevice",
            "Manufacturer": "USB Vendor Name",
            "Product": "USB Product Name",
            "SerialNumber": "USB Serial Number",
            "LocationID": "locationID",
        }
        known: Properties = {key: found[name] for key, name in names.items() if name in found}
        return {"Transport": "USB", **known}

    def newReportDescriptor(self) -> bytes:
        """The report descriptor, asked of the device."""
        data = IOBufferMemoryDescriptor.Create(_LONGEST_DESCRIPTOR)
        length = self._interface.DeviceRequest(
            _STANDARD_IN,
            _GET_DESCRIPTOR,
            _REPORT_DESCRIPTOR << 8,
            self._number,
            _LONGEST_DESCRIPTOR,
            data,
        )
        return bytes(data)[:length]

    def getReport(
        self,
        report: IOBufferMemoryDescriptor,
        reportType: int,
        options: int,
        completionTimeout: int,
        action: OSAction,
    ) -> None:
        """Ask the device."""
        value, length = (reportType + 1) << 8 | options & 0xFF, report.GetLength()
        try:
            count = self._interface.DeviceRequest(
                _CLASS_IN, _GET_REPORT, value, self._number, length, report, completionTimeout
            )
        except IOReturnError as error:
            self.CompleteReport(action, error.code, 0)
        else:
            self.CompleteReport(action, kIOReturnSuccess, count)

    def setReport(
        self,
        report: IOBufferMemoryDescriptor,
        reportType: int,
        options: int,
        completionTimeout: int,
        action: OSAction,
    ) -> None:
        """Send it to the device, an output report by its OUT endpoint where it has one."""
        value, length = (reportType + 1) << 8 | options & 0xFF, report.GetLength()
        try:
            if reportType == kIOHIDReportTypeOutput and self._out is not None:
                self._out.IO(report, length)
            else:
                self._interface.DeviceRequest(
                    _CLASS_OUT, _SET_REPORT, value, self._number, length, report, completionTimeout
                )
        except IOReturnError as error:
            self.CompleteReport(action, error.code, 0)
        else:
            self.CompleteReport(action, kIOReturnSuccess, length)

    def setIdle(self, idleTimeMs: int) -> None:
        """Have the device repeat an unchanged report so often, in steps of 4 ms; 0: never.

        Raises:
            IOReturnError: The device does not know that.
        """
        value = min(0xFF, idleTimeMs // 4) << 8
        self._interface.DeviceRequest(_CLASS_OUT, _SET_IDLE, value, self._number, 0)

    def setProtocol(self, protocol: int) -> None:
        """Have the device use its boot protocol (0) or its report protocol (1).

        Raises:
            IOReturnError: The device does not know that.
        """
        self._interface.DeviceRequest(_CLASS_OUT, _SET_PROTOCOL, protocol, self._number, 0)

    def _read(self) -> None:
        self._pipe.AsyncIO(self._buffer, self._buffer.GetLength(), self._reads)

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def _read_complete(
        self, action: OSAction, status: int, actualByteCount: int, completionTimestamp: int
    ) -> None:
        del action
        if status != kIOReturnSuccess:
            return  # the device is going
        try:
            self.handleReport(completionTimestamp, self._buffer, actualByteCount)
        except IOReturnError as error:
            IOLog(f"report of {actualByteCount} bytes: {error}")
        self._read()


def _interrupt(
    endpoints: tuple[EndpointDescriptor, ...], *, reads: bool
) -> EndpointDescriptor | None:
    """The first interrupt endpoint of a direction."""
    for each in endpoints:
        if each.transfer_type is TransferType.INTERRUPT and each.is_input is reads:
            return each
    return None
