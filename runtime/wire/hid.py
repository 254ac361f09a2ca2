"""Methods of HIDDriverKit's objects, as `runtime.wire.methods` has those of all others.

A report is its bytes, the first of them its id where the device numbers its reports. Types of
reports are `runtime.model.hid.ReportType`.
Source: HIDDriverKit's IOHIDInterface.iig and IOHIDDevice.iig; linux/uhid.h.
Invariant: values only, no I/O.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from runtime.model.hid import ReportType
from runtime.wire import limits
from runtime.wire.limits import Name, Number
from runtime.wire.method import MethodBase

Report = Annotated[bytes, Meta(max_length=limits.REPORT)]
Descriptor = Annotated[bytes, Meta(max_length=limits.REPORT_DESCRIPTOR)]
ReportId = Annotated[int, Meta(ge=0, le=0xFF)]


# --- of a HID interface as provider (target 0) ---------------------------------------------------


class HIDOpen(MethodBase, frozen=True, tag="IOHIDInterface.Open"):
    """Open the interface; EXCLUSIVE_ACCESS when another driver has it.

    `seize`: nobody else sees the device's input; NOT_PERMITTED without the entitlement.
    """

    seize: bool = False


class HIDClose(MethodBase, frozen=True, tag="IOHIDInterface.Close"):
    """Close it; reads that wait end with kIOReturnAborted."""


class CopyReportDescriptor(MethodBase, frozen=True, tag="IOHIDInterface.CopyReportDescriptor"):
    """The device's report descriptor."""

    RESULT: ClassVar[type] = bytes


class ReadReports(MethodBase, frozen=True, tag="IOHIDInterface.ReadReports"):
    """Wait for input reports; they come as `Complete(action, ReportsAvailable)`."""

    action: Number


class WaitForReport(MethodBase, frozen=True, tag="IOHIDInterface.WaitForReport"):
    """The next input report; empty when none came within `timeout_ms`, at most `limits.WAIT_MS`.

    For libraries that read when they want to; a report goes to one reader.
    """

    RESULT: ClassVar[type] = bytes
    timeout_ms: Number


class GetReport(MethodBase, frozen=True, tag="IOHIDInterface.GetReport"):
    """Ask the device for a report of up to `length` bytes."""

    RESULT: ClassVar[type] = bytes
    kind: ReportType
    report_id: ReportId
    length: Number


class SetReport(MethodBase, frozen=True, tag="IOHIDInterface.SetReport"):
    """Send the device a report."""

    kind: ReportType
    report_id: ReportId
    report: Report


# --- of the system's HID devices, as a driver publishes them -------------------------------------


class HIDIdentity(msgspec.Struct, frozen=True, array_like=True):
    """Who a published device says it is; `bus` is one of linux/input.h's BUS_*."""

    name: Name
    bus: Number = 0
    vendor: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 0
    product: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 0
    version: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 0
    country: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 0
    serial: Name = ""


class PublishDevice(MethodBase, frozen=True, tag="IOUserHIDDevice.Publish"):
    """Publish a device that the system uses from now on, one of a driver.

    NOT_PERMITTED without the entitlement. It is gone with the driver's process.
    """

    identity: HIDIdentity
    descriptor: Descriptor


class PublishEvents(MethodBase, frozen=True, tag="IOUserHIDEventService.Publish"):
    """Publish the keyboard and pointer of `runtime.model.hid_events`, as `PublishDevice` does.

    `digitizer`: with the digitizer; once more, for one who has published it without.
    """

    identity: HIDIdentity
    digitizer: bool = False


class HandleReport(MethodBase, frozen=True, tag="IOUserHIDDevice.handleReport"):
    """Of the published device: it says this. NO_RESOURCES beyond `limits.REPORT_RATE`."""

    report: Report


class AwaitRequest(MethodBase, frozen=True, tag="IOUserHIDDevice.AwaitRequest"):
    """Of the published device: wait for what the system asks of it.

    It comes as `Complete(action, ReportRequested)`; one of these waits at a time.
    """

    action: Number


class CompleteReport(MethodBase, frozen=True, tag="IOUserHIDDevice.CompleteReport"):
    """Of the published device: answer what the system asked, once, within its 5 s."""

    request: Number
    status: Number
    report: Report = b""


InterfaceMethod = (
    HIDOpen | HIDClose | CopyReportDescriptor | ReadReports | WaitForReport | GetReport | SetReport
)
PublishingMethod = PublishDevice | PublishEvents | HandleReport | AwaitRequest | CompleteReport
Method = InterfaceMethod | PublishingMethod


# --- completions ---------------------------------------------------------------------------------


class InputReport(msgspec.Struct, frozen=True, array_like=True):
    """One input report, and when it was read."""

    timestamp_ns: Number  # monotonic
    report: Report


class ReportsAvailable(msgspec.Struct, frozen=True, array_like=True, tag="ReportsAvailable"):
    """End of a `ReadReports`: what came since the last one, in order; or why nothing will."""

    status: Number
    reports: Annotated[tuple[InputReport, ...], Meta(max_length=limits.REPORTS)] = ()


class ReportRequested(msgspec.Struct, frozen=True, array_like=True, tag="ReportRequested"):
    """End of an `AwaitRequest`: the system sets a report, or wants one. `request` is used once.

    A `request` of 0 wants no answer.
    """

    status: Number
    request: Number = 0
    sets: bool = False
    kind: ReportType = ReportType.OUTPUT
    report_id: ReportId = 0
    report: Report = b""


Completion = ReportsAvailable | ReportRequested
