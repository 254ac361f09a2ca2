"""Methods of a USB device, and what few drivers ask of an interface or a pipe.

What most drivers ask is in `runtime.wire.methods`. A device's methods have target 0 too: it is
the device that the driver's interface is of.
Source: USBDriverKit's IOUSBHostDevice.iig, IOUSBHostInterface.iig, IOUSBHostPipe.iig.
Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.usb import IsochronousFrame
from runtime.wire.limits import Frames, Number, Payload
from runtime.wire.method import MethodBase

WHOLE_DEVICE = 256
"""In the place of an interface's number: the device that it would be of."""


class CopyDescriptor(MethodBase, frozen=True, tag="IOUSBHostDevice.CopyDescriptor"):
    """A descriptor as the device sends it: at most `length` bytes. Needs no open interface."""

    RESULT: ClassVar[type] = bytes
    kind: Number
    index: Number
    language: Number
    length: Number


class GetAddress(MethodBase, frozen=True, tag="IOUSBHostDevice.GetAddress"):
    """The device's address on its bus."""

    RESULT: ClassVar[type] = int


class GetSpeed(MethodBase, frozen=True, tag="IOUSBHostDevice.GetSpeed"):
    """How fast its port runs, as tIOUSBHostConnectionSpeed."""

    RESULT: ClassVar[type] = int


class SetConfiguration(MethodBase, frozen=True, tag="IOUSBHostDevice.SetConfiguration"):
    """Choose the configuration; NOT_PERMITTED where other interfaces would go with it."""

    value: Number


class Reset(MethodBase, frozen=True, tag="IOUSBHostDevice.Reset"):
    """Reset the device; NOT_PERMITTED where it has other interfaces."""


class CopyInterface(MethodBase, frozen=True, tag="IOUSBHostDevice.CopyInterface"):
    """A handle for an interface of the open device, which takes an interface's methods.

    The same for the same number; NOT_OPEN, NOT_FOUND. It is gone with the configuration.
    """

    RESULT: ClassVar[type] = int
    number: Number


class OpenDirect(MethodBase, frozen=True, tag="IOUSBHostInterface.OpenDirect"):
    """Let the driver's process move the open interface's data itself.

    True: beside the reply comes a descriptor of the device's node that reaches this interface
    and endpoint 0, and nothing of this interface is moved by the broker any more. False: the
    broker goes on moving it, because it has no such descriptor or the device other interfaces.
    """

    RESULT: ClassVar[type] = bool


class ShareMemory(MethodBase, frozen=True, tag="IOUSBHostInterface.ShareMemory"):
    """Share memory for the data of transfers, once.

    Result: its bytes; beside the reply comes a descriptor of it, of a fixed size.
    """

    RESULT: ClassVar[type] = int


class Rest(MethodBase, frozen=True, tag="IOUSBHostInterface.Rest"):
    """Let the device sleep until `Wake`, as far as what the driver has open is concerned.

    `Complete(action, CompleteAsyncIO)` comes when the device has woken of itself, and with `Wake`.
    Meanwhile nothing is asked of it. NOT_OPEN; UNSUPPORTED by the kernel.
    """

    action: Number


class Wake(MethodBase, frozen=True, tag="IOUSBHostInterface.Wake"):
    """Have the device awake."""


class SelectAlternateSetting(
    MethodBase, frozen=True, tag="IOUSBHostInterface.SelectAlternateSetting"
):
    """Choose the open interface's setting; its pipes are closed, their I/O is aborted.

    A driver that moves its data itself has chosen it before it says so.
    """

    alternate: Number


class AsyncDeviceRequest(MethodBase, frozen=True, tag="IOUSBHostInterface.AsyncDeviceRequest"):
    """A control transfer whose end comes as `Complete(action, CompleteAsyncIO)`.

    The fields behind `action` are those of `DeviceRequest`.
    """

    action: Number
    request_type: Number
    request: Number
    value: Number
    index: Number
    length: Number
    data: Payload = b""
    timeout_ms: Number = 5000


class AbortDeviceRequests(MethodBase, frozen=True, tag="IOUSBHostInterface.AbortDeviceRequests"):
    """End the driver's own control transfers with kIOReturnAborted."""


class IsochIO(MethodBase, frozen=True, tag="IOUSBHostPipe.IsochIO"):
    """Queue one isochronous transfer; its end comes as `Complete(action, CompleteIsochIO)`.

    `frames` are the bytes of each frame; an OUT pipe sends `data`, which is as long as their sum.
    """

    action: Number
    frames: Frames[Number]
    data: Payload = b""


class CompleteIsochIO(msgspec.Struct, frozen=True, array_like=True, tag="CompleteIsochIO"):
    """End of an `IsochIO`: kern_return_t, how each frame ended, what was read, when.

    `data` has what each frame read at the frame's own place.
    """

    status: Number
    frames: Frames[IsochronousFrame]
    timestamp_ns: Number  # monotonic
    data: Payload = b""


Method = (
    CopyDescriptor
    | GetAddress
    | GetSpeed
    | SetConfiguration
    | Reset
    | CopyInterface
    | OpenDirect
    | ShareMemory
    | Rest
    | Wake
    | SelectAlternateSetting
    | AsyncDeviceRequest
    | AbortDeviceRequests
    | IsochIO
)
