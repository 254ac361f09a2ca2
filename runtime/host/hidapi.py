"""What the package hidapi offers, for the provider alone.

It stands for `hidraw`, and is half of `hid` (`runtime.host.hid_package`). A library that opens the
device opens the driver's interface; a driver that leaves it to its library does not open it itself.
Source: hidapi 0.15, hid.pyx; a report begins with its id, 0 where the device numbers none.
Invariant: every error is one that hidapi's own module raises.
"""

import enum
from collections.abc import Iterator, Sequence

from runtime.driverkit.hid import IOHIDInterface
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import Transport, invoke
from runtime.host.libraries import offered
from runtime.model.hid import ReportType
from runtime.wire import hid as wire
from runtime.wire import limits

_STRINGS = {
    "serial_number": "SerialNumber",
    "manufacturer_string": "Manufacturer",
    "product_string": "Product",
}
_NUMBERS = {
    "vendor_id": "VendorID",
    "product_id": "ProductID",
    "release_number": "VersionNumber",
    "usage_page": "PrimaryUsagePage",
    "usage": "PrimaryUsage",
}

__version__ = "0.15.0"  # whose names these are

Facts = dict[str, object]


class BusType(enum.IntEnum):
    """How a device is connected, by hidapi's numbers."""

    UNKNOWN = 0
    USB = 1
    BLUETOOTH = 2
    I2C = 3
    SPI = 4


_BUSES = {each.name: each for each in BusType}


def version_str() -> str:
    """The version of hidapi whose behaviour this is."""
    return __version__


def enumerate(vendor_id: int = 0, product_id: int = 0) -> list[Facts]:  # noqa: A001 - hidapi's name
    """The provider, if it is of this vendor and product; 0 is any."""
    found = [_facts(service) for service, _ in _providers()]
    wanted = {"vendor_id": vendor_id, "product_id": product_id}
    return [
        facts for facts in found if all(value in (0, facts[name]) for name, value in wanted.items())
    ]


class device:  # noqa: N801 - hidapi's name
    """A HID device, open or not; as hidapi's it takes arguments, and does not look at them."""

    def __init__(self, *_arguments: object) -> None:
        self._facts: Facts = {}
        self._transport: Transport | None = None
        self._blocks = True
        self._said = ""

    def open(
        self, vendor_id: int = 0, product_id: int = 0, serial_number: str | None = None
    ) -> None:
        """Open the provider; OSError: it is another device, or open already."""
        for facts in enumerate(vendor_id, product_id):
            if serial_number in (None, facts["serial_number"]):
                self.open_path(facts["path"])
                return
        raise OSError("open failed")

    def open_path(self, device_path: object) -> None:
        """Open the provider by the path that `enumerate` tells; OSError as of `open`."""
        if self._transport is not None:
            raise RuntimeError("already open")
        for service, transport in _providers():
            facts = _facts(service)
            if facts["path"] == device_path:
                try:
                    invoke(transport, 0, wire.HIDOpen(), type(None))
                except IOReturnError as error:
                    raise OSError(f"open failed: {error}") from None
                self._facts, self._transport = facts, transport
                return
        raise OSError("open failed")

    def close(self) -> None:
        """Close it; idempotent."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            try:
                invoke(transport, 0, wire.HIDClose(), type(None))
            except IOReturnError as error:
                self._said = str(error)  # it is gone

    def set_nonblocking(self, v: int) -> int:
        """Whether `read` without a timeout returns at once when nothing is there."""
        self._open()
        self._blocks = not v
        return 0

    def read(self, max_length: int, timeout_ms: int = 0) -> list[int]:
        """The next input report, empty when none came in time; OSError: the device is gone."""
        return list(self.receive(max_length, timeout_ms if timeout_ms > 0 else None))

    def receive(self, max_length: int, timeout_ms: int | None) -> bytes:
        """`read`, with a timeout of 0 for what is there; None: as `set_nonblocking` says."""
        transport = self._open()
        left = 0 if timeout_ms is None and not self._blocks else timeout_ms
        while True:
            waits = limits.WAIT_MS if left is None else max(left, 0)
            try:
                report = invoke(transport, 0, wire.WaitForReport(waits), bytes)
            except IOReturnError as error:
                raise self._failed("read error", error) from None
            left = None if left is None else left - limits.WAIT_MS
            if report or (left is not None and left <= 0):
                return report[:max_length]

    def write(self, buff: Sequence[int]) -> int:
        """Send an output report; the bytes that were sent, -1 when that failed."""
        return self._set(ReportType.OUTPUT, buff)

    def send_feature_report(self, buff: Sequence[int]) -> int:
        """Send a feature report; the bytes that were sent, -1 when that failed."""
        return self._set(ReportType.FEATURE, buff)

    def get_feature_report(self, report_num: int, max_length: int) -> list[int]:
        """A feature report with its id; OSError: the device did not give it."""
        return self._get(ReportType.FEATURE, report_num, max_length)

    def get_input_report(self, report_num: int, max_length: int) -> list[int]:
        """An input report with its id; OSError: the device did not give it."""
        return self._get(ReportType.INPUT, report_num, max_length)

    def get_report_descriptor(self, max_length: int = limits.REPORT_DESCRIPTOR) -> list[int]:
        """The report descriptor."""
        return list(invoke(self._open(), 0, wire.CopyReportDescriptor(), bytes)[:max_length])

    def get_manufacturer_string(self) -> object:
        """Who made it."""
        self._open()
        return self._facts["manufacturer_string"]

    def get_product_string(self) -> object:
        """What it is called."""
        self._open()
        return self._facts["product_string"]

    def get_serial_number_string(self) -> object:
        """Its serial number."""
        self._open()
        return self._facts["serial_number"]

    def get_indexed_string(self, index: int) -> str:
        """Another string of the device: hidraw has none, and says so by an OSError."""
        self._open()
        self._said = f"string {index}: hidraw tells of none"
        raise OSError("get indexed string error")

    def error(self) -> str:
        """What went wrong last; empty for nothing."""
        return self._said

    def _open(self) -> Transport:
        if self._transport is None:
            raise ValueError("not open")
        return self._transport

    def _failed(self, what: str, error: IOReturnError) -> OSError:
        self._said = str(error)
        return OSError(what)

    def _set(self, kind: ReportType, buff: Sequence[int]) -> int:
        transport, report = self._open(), bytes(buff)
        number = report[0] if report else 0
        try:
            method = wire.SetReport(kind, number, report if number else report[1:])
            invoke(transport, 0, method, type(None))
        except IOReturnError as error:
            self._said = str(error)
            return -1
        return len(report)

    def _get(self, kind: ReportType, number: int, length: int) -> list[int]:
        transport = self._open()
        own = length if number else length - 1
        try:
            report = invoke(transport, 0, wire.GetReport(kind, number, own), bytes)
        except IOReturnError as error:
            raise self._failed("read error", error) from None
        return list(report if number else b"\0" + report)


def _providers() -> Iterator[tuple[IOService, Transport]]:
    for service, transport in offered().items():
        if isinstance(service.GetProvider(), IOHIDInterface):
            yield service, transport


def _facts(service: IOService) -> Facts:
    provider = service.GetProvider()
    table = provider.CopyProperties()
    facts: Facts = {name: table.get(key, 0) for name, key in _NUMBERS.items()}
    facts |= {name: table.get(key, "") for name, key in _STRINGS.items()}
    path = f"{provider.GetRegistryEntryID():#x}".encode()
    bus = _BUSES.get(str(table.get("Transport", "")).upper(), BusType.UNKNOWN)
    return {**facts, "path": path, "interface_number": -1, "bus_type": bus}
