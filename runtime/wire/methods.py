"""Methods of a driver, the runtime and a provider: typed arguments, typed results.

Each method is a Struct of its arguments with the type of its result in RESULT; both sides
check both. A `handle` names an object of the runtime's side (an open pipe) for this process.
Names and meanings are DriverKit's; out-parameters are results, `kern_return_t` is `Fail`.
Trust: methods of the service come from the runtime, all others from an untrusted driver.
Source: USBDriverKit's IOUSBHostInterface.iig, IOUSBHostPipe.iig; IOService.iig.
Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.usb import (
    ConfigurationDescriptor,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
)
from runtime.wire import hid, interrupt, service, usb
from runtime.wire.limits import Handle, Number, Payload
from runtime.wire.method import MethodBase as _Method

# --- of the driver's service, called by the runtime --------------------------------------------


class Start(_Method, frozen=True, tag="Start"):
    """`init()` and then `Start(provider)`; fails with the driver's error."""


class Stop(_Method, frozen=True, tag="Stop"):
    """`Stop(provider)` and then `free()`; the process says goodbye afterwards."""


class NewUserClient(_Method, frozen=True, tag="NewUserClient"):
    """`NewUserClient(type)`: a program opens the service. Result: the class chain, leaf first.

    Beside it comes one descriptor: the driver's end of a pair with the program, which speaks
    `runtime.wire.user_client`. `client` is the user client's entry id; `entitlements` are the
    program's, with its process, encoded by `runtime.model.properties`.
    """

    RESULT: ClassVar[type] = tuple
    client: Number
    type: Number
    entitlements: msgspec.Raw


SystemMethod = Start | Stop | NewUserClient | service.DriverMethod
"""Methods of the driver's service, which the runtime calls."""


# --- of the driver's own entry, called by the driver -------------------------------------------


class RegisterService(_Method, frozen=True, tag="RegisterService"):
    """Publish the driver's service for matching by others."""


class SetProperties(_Method, frozen=True, tag="SetProperties"):
    """Merge properties (encoded by `runtime.model.properties`) into the driver's own entry."""

    properties: msgspec.Raw


class UserClientClosed(_Method, frozen=True, tag="UserClientClosed"):
    """A program is gone, or was let go: its user client's entry goes."""

    client: Number


# --- of a USB interface as provider (target 0) ---------------------------------------------------


class InterfaceOpen(_Method, frozen=True, tag="IOUSBHostInterface.Open"):
    """Open the interface for exclusive use; EXCLUSIVE_ACCESS when another driver has it."""


class InterfaceClose(_Method, frozen=True, tag="IOUSBHostInterface.Close"):
    """Close it; its pipes are closed and their outstanding I/O is aborted."""


class GetInterfaceDescriptor(_Method, frozen=True, tag="IOUSBHostInterface.GetInterfaceDescriptor"):
    """The interface's descriptor in its present alternate setting."""

    RESULT: ClassVar[type] = InterfaceDescriptor


class CopyConfigurationDescriptor(
    _Method, frozen=True, tag="IOUSBHostInterface.CopyConfigurationDescriptor"
):
    """The active configuration with all its interfaces."""

    RESULT: ClassVar[type] = ConfigurationDescriptor


class CopyDeviceDescriptor(_Method, frozen=True, tag="IOUSBHostDevice.CopyDeviceDescriptor"):
    """The device's descriptor."""

    RESULT: ClassVar[type] = DeviceDescriptor


class CopyPipe(_Method, frozen=True, tag="IOUSBHostInterface.CopyPipe"):
    """A handle for the pipe of an endpoint address; NOT_OPEN, NOT_FOUND."""

    RESULT: ClassVar[type] = int
    address: Number


class DeviceRequest(_Method, frozen=True, tag="IOUSBHostInterface.DeviceRequest"):
    """A control transfer on endpoint 0, mediated.

    `data` is sent when bit 7 of `request_type` is clear; else `length` bytes are read.
    Result: the bytes read, or the number of bytes written as 4 bytes little-endian.
    """

    RESULT: ClassVar[type] = bytes
    request_type: Number
    request: Number
    value: Number
    index: Number
    length: Number
    data: Payload = b""
    timeout_ms: Number = 5000


# --- of a USB pipe (target: its handle) ----------------------------------------------------------


class GetDescriptors(_Method, frozen=True, tag="IOUSBHostPipe.GetDescriptors"):
    """The endpoint's descriptor."""

    RESULT: ClassVar[type] = EndpointDescriptor


class AsyncIO(_Method, frozen=True, tag="IOUSBHostPipe.AsyncIO"):
    """Queue one transfer; its end comes as `Complete(action, CompleteAsyncIO)`.

    IN pipes read up to `length` bytes; OUT pipes send `data`. `action` is the driver's own
    number, unused among its outstanding ones. `timeout_ms` 0: none. `at`: the bytes are not in
    messages but there in the memory of `ShareMemory`.
    """

    action: Number
    length: Number
    data: Payload = b""
    timeout_ms: Number = 0
    at: Number | None = None


class PipeIO(_Method, frozen=True, tag="IOUSBHostPipe.IO"):
    """One transfer, waited for. Result as of `DeviceRequest`, with `at` always the number."""

    RESULT: ClassVar[type] = bytes
    length: Number
    data: Payload = b""
    timeout_ms: Number = 0
    at: Number | None = None  # as of `AsyncIO`


class Abort(_Method, frozen=True, tag="IOUSBHostPipe.Abort"):
    """End the pipe's outstanding I/O with kIOReturnAborted; the completions come first."""


class ClearStall(_Method, frozen=True, tag="IOUSBHostPipe.ClearStall"):
    """Clear the endpoint's halt."""


Method = (
    Start
    | Stop
    | NewUserClient
    | RegisterService
    | SetProperties
    | UserClientClosed
    | InterfaceOpen
    | InterfaceClose
    | GetInterfaceDescriptor
    | CopyConfigurationDescriptor
    | CopyDeviceDescriptor
    | CopyPipe
    | DeviceRequest
    | GetDescriptors
    | AsyncIO
    | PipeIO
    | Abort
    | ClearStall
    | usb.Method
    | hid.Method
    | interrupt.Method
    | service.Method
)

ServiceMethod = RegisterService | SetProperties | UserClientClosed | service.OwnMethod
"""Methods that concern the driver's own entry; every other one goes to its provider."""


# --- completions ---------------------------------------------------------------------------------


class CompleteAsyncIO(msgspec.Struct, frozen=True, array_like=True, tag="CompleteAsyncIO"):
    """End of an `AsyncIO`: kern_return_t, what was read, how much was moved, when."""

    status: Number
    count: Number
    timestamp_ns: Number  # monotonic
    data: Payload = b""
    handle: Handle = 0


Completion = CompleteAsyncIO | usb.CompleteIsochIO | hid.Completion | service.CompleteInvoke
