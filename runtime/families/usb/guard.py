"""Which control requests a driver of one interface may send, so that it disturbs no other one.

The kernel cannot tell: for it all drivers of a device are one program, the broker. What concerns
the whole device and is defined by USB itself is the kernel's alone. What a vendor or a class
defines for the whole device is let through as long as no other driver extension has an interface
of it, as nobody can know what it does.
Source: USB 2.0 section 9.4; drivers/usb/core/devio.c (check_ctrlrecip).
Invariant: pure.
"""

from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ConfigurationDescriptor, ControlRequest, InterfaceDescriptor

_STANDARD = 0
_INTERFACE, _ENDPOINT = 1, 2
_SET_INTERFACE = 11


def check(request: ControlRequest, own: InterfaceDescriptor, *, shared: bool) -> None:
    """Let a request through; `shared`: another driver has an interface of the device.

    Raises:
        ReturnError: NOT_PERMITTED: it concerns what is not the driver's.
    """
    check_whole(request)
    recipient, index = request.request_type & 0x1F, request.index & 0xFF
    standard = request.request_type >> 5 & 0x3 == _STANDARD
    if shared and not standard and recipient not in (_INTERFACE, _ENDPOINT):
        _refuse("the whole device, of which another driver has an interface")
    if recipient == _INTERFACE and index != own.number:
        _refuse(f"interface {index}, its own is {own.number}")
    addresses = {endpoint.address for endpoint in own.endpoints} | {0x00, 0x80}
    if recipient == _ENDPOINT and index not in addresses:
        _refuse(f"endpoint {index:#04x}, which is not of interface {own.number}")


def check_whole(request: ControlRequest) -> None:
    """Let a request of a driver through that has the whole device open.

    Raises:
        ReturnError: NOT_PERMITTED: the kernel would not know of what it does.
    """
    recipient = request.request_type & 0x1F
    standard = request.request_type >> 5 & 0x3 == _STANDARD
    writes = not request.request_type & 0x80
    if standard and writes and recipient not in (_INTERFACE, _ENDPOINT):
        _refuse("the whole device, which is the kernel's to configure")
    if standard and writes and recipient == _INTERFACE and request.request == _SET_INTERFACE:
        _refuse("the alternate setting, behind the kernel's back")


def check_alone(configuration: ConfigurationDescriptor, what: str) -> None:
    """Let a driver do something to the whole device: only where its interface is the only one.

    Raises:
        ReturnError: NOT_PERMITTED: there are others.
    """
    if not is_alone(configuration):
        numbers = {interface.number for interface in configuration.interfaces}
        text = f"{what}: expected a device of one interface, found {len(numbers)}"
        raise ReturnError(IOReturn.NOT_PERMITTED, text)


def is_alone(configuration: ConfigurationDescriptor) -> bool:
    """Whether a configuration has one interface, in whatever settings."""
    return len({interface.number for interface in configuration.interfaces}) == 1


def _refuse(what: str) -> None:
    raise ReturnError(IOReturn.NOT_PERMITTED, f"control request: it concerns {what}")
