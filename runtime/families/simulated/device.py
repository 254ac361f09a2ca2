"""A simulated USB device: descriptors, a control endpoint, and endpoints that move data.

Source: USB 2.0 chapters 8 and 9 for requests, stalls and endpoint addresses.
Invariant: knows no driver and no wire; time comes from whoever calls `due`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol
from weakref import WeakSet

from runtime.families.simulated import raw
from runtime.families.simulated.pipe import Endpoint, SimulatedPipe
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import (
    ConfigurationDescriptor,
    ControlRequest,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
    Speed,
)

_GET_STATUS, _GET_DESCRIPTOR, _GET_CONFIGURATION = 0, 6, 8
_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_VENDOR = 2


class Behaviour(Protocol):
    """What a model adds to a device's descriptors."""

    endpoints: Mapping[int, Endpoint]  # by address

    def request(self, request: ControlRequest, data: bytes) -> bytes | None:
        """Carry out a vendor's request: what it reads, empty for writes; None: stalled."""

    def attach(self, resume: Callable[[], None]) -> None:
        """Call `resume` whenever an endpoint has something to read again, or was halted."""


class SimulatedDevice:
    """One device, plugged or not: a `runtime.families.usb.provider.UsbDevice`.

    An interrupt or isochronous endpoint is served every `bInterval` milliseconds (full speed), a
    bulk one at once.
    """

    def __init__(self, descriptor: DeviceDescriptor, behaviour: Behaviour) -> None:
        self._descriptor = descriptor
        self._behaviour = behaviour
        self._active = descriptor.configurations[0].value
        self._alternates: dict[int, int] = {}
        self._pipes: WeakSet[SimulatedPipe] = WeakSet()  # each is a session's, which ends
        behaviour.attach(self._resume)

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""
        return self._descriptor

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The active configuration, at first the first."""
        return self._configuration(self._active)

    @property
    def speed(self) -> Speed:
        """Full: what its intervals are in."""
        return Speed.FULL

    @property
    def address(self) -> int:
        """It is alone on its bus."""
        return 1

    def interface(self, number: int) -> InterfaceDescriptor:
        """The interface with this number, in its present setting.

        Raises:
            ReturnError: NOT_FOUND, there is none.
        """
        return self._setting(number, self._alternates.get(number, 0))

    def take(self, number: int) -> None:
        """No kernel driver can have an interface of a simulated device: it only has to be there.

        Raises:
            ReturnError: NOT_FOUND, there is none of this number.
        """
        self.interface(number)

    def give_back(self, number: int) -> None:
        """Nobody had it before; it is in its first setting for the next one."""
        self._alternates.pop(number, None)

    def select(self, number: int, alternate: int) -> None:
        """Choose an interface's alternate setting; ReturnError: it has no such one."""
        self._setting(number, alternate)
        self._alternates[number] = alternate

    def set_configuration(self, value: int) -> None:
        """Choose the configuration; ReturnError: it has no such one."""
        self._configuration(value)
        self._active = value
        self._alternates.clear()

    def reset(self) -> None:
        """Every endpoint is as at the beginning."""
        for endpoint in self._behaviour.endpoints.values():
            endpoint.halted = False

    def close(self) -> None:
        """Nothing is held."""

    def pipe(self, endpoint: EndpointDescriptor) -> SimulatedPipe:
        """A pipe for one of the endpoints."""
        pipe = SimulatedPipe(endpoint, self._behaviour.endpoints[endpoint.address])
        self._pipes.add(pipe)
        return pipe

    def _resume(self) -> None:
        for pipe in self._pipes:
            pipe.resume()

    async def control(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        """Carry out a control transfer on endpoint 0, at once.

        Returns what was read, at most `request.length` bytes; empty for writes.

        Raises:
            ReturnError: USB_PIPE_STALLED, as hardware answers what it does not know.
        """
        del timeout_ms  # nothing here takes time
        if request.request_type == 0x80 and request.request == _GET_DESCRIPTOR:
            return self._read_descriptor(request.value >> 8, request.value & 0xFF)[: request.length]
        if request.request_type & 0x80 and request.request == _GET_STATUS:
            return b"\0\0"[: request.length]
        if request.request_type == 0x80 and request.request == _GET_CONFIGURATION:
            return bytes([self.configuration.value])[: request.length]
        if request.request_type >> 5 & 0x3 == _VENDOR:
            read = self._behaviour.request(request, data)
            if read is not None:
                return read[: request.length]
        raise ReturnError(
            IOReturn.USB_PIPE_STALLED,
            f"simulated device stalled request {request.request:#04x} "
            f"of type {request.request_type:#04x}",
        )

    def _read_descriptor(self, kind: int, index: int) -> bytes:
        if kind == _DEVICE:
            return raw.device_bytes(self.descriptor)
        if kind == _CONFIGURATION and index < len(self.descriptor.configurations):
            return raw.configuration_bytes(self.descriptor.configurations[index])
        if kind == _STRING and index <= 3:
            return raw.string_bytes(self.descriptor, index)
        raise ReturnError(IOReturn.USB_PIPE_STALLED, f"simulated device has no descriptor {kind}")

    def _configuration(self, value: int) -> ConfigurationDescriptor:
        for configuration in self._descriptor.configurations:
            if configuration.value == value:
                return configuration
        raise ReturnError(IOReturn.NOT_FOUND, f"simulated device has no configuration {value}")

    def _setting(self, number: int, alternate: int) -> InterfaceDescriptor:
        for interface in self.configuration.interfaces:
            if (interface.number, interface.alternate) == (number, alternate):
                return interface
        setting = f"interface {number} with setting {alternate}"
        raise ReturnError(IOReturn.NOT_FOUND, f"simulated device has no {setting}")
