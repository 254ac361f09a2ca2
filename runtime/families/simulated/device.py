"""A simulated USB device: descriptors, a control endpoint, and endpoints that move data.

Source: USB 2.0 chapters 8 and 9 for requests, stalls and endpoint addresses.
Invariant: knows no driver and no wire; time comes from whoever calls `due`.
"""

import functools
import struct
from collections.abc import Callable

from runtime.families.simulated.pipe import SimulatedPipe
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

Produce = Callable[[int], bytes]
"""Makes the n-th packet (n from 0) of an IN endpoint."""

Consume = Callable[[bytes], None]
"""Takes one packet of an OUT endpoint."""

_GET_STATUS, _GET_DESCRIPTOR, _GET_CONFIGURATION = 0, 6, 8
_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_ENGLISH = 0x0409


class SimulatedDevice:
    """One device, plugged or not: a `runtime.families.usb.provider.UsbDevice`.

    `sources` and `sinks` are keyed by endpoint address. An IN endpoint has a packet every
    `bInterval` milliseconds (full speed), as an interrupt endpoint does.
    """

    def __init__(
        self,
        descriptor: DeviceDescriptor,
        sources: dict[int, Produce],
        sinks: dict[int, Consume],
    ) -> None:
        self._descriptor = descriptor
        self._sources = sources
        self._sinks = sinks
        self._sent = dict.fromkeys(sources, 0)

    speed = Speed.FULL

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""
        return self._descriptor

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The active configuration: the first."""
        return self.descriptor.configurations[0]

    def interface(self, number: int) -> InterfaceDescriptor:
        """The interface with this number, in its default setting.

        Raises:
            ReturnError: NOT_FOUND, there is none.
        """
        for interface in self.configuration.interfaces:
            if interface.number == number:
                return interface
        raise ReturnError(IOReturn.NOT_FOUND, f"simulated device has no interface {number}")

    def take(self, number: int) -> None:
        """No kernel driver can have an interface of a simulated device: it only has to be there.

        Raises:
            ReturnError: NOT_FOUND, there is none of this number.
        """
        self.interface(number)

    def give_back(self, number: int) -> None:
        """Nobody had it before."""

    def close(self) -> None:
        """Nothing is held."""

    def pipe(self, endpoint: EndpointDescriptor) -> SimulatedPipe:
        """A pipe for one of the endpoints."""
        produce = functools.partial(self._produce, endpoint.address)
        consume = functools.partial(self._consume, endpoint.address)
        return SimulatedPipe(endpoint, produce, consume)

    def _produce(self, address: int, length: int) -> bytes:
        """The next packet of an IN endpoint, cut at `length` bytes as a short buffer would."""
        number = self._sent[address]
        self._sent[address] = number + 1
        return self._sources[address](number)[:length]

    def _consume(self, address: int, data: bytes) -> None:
        self._sinks[address](data)

    async def control(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        """Carry out a control transfer on endpoint 0, at once.

        Returns what was read, at most `request.length` bytes; empty for writes.

        Raises:
            ReturnError: USB_PIPE_STALLED, as hardware answers what it does not know.
        """
        del data, timeout_ms  # no standard request of this device takes any, or time
        if request.request_type == 0x80 and request.request == _GET_DESCRIPTOR:
            return self._read_descriptor(request.value >> 8, request.value & 0xFF)[: request.length]
        if request.request_type & 0x80 and request.request == _GET_STATUS:
            return b"\0\0"[: request.length]
        if request.request_type == 0x80 and request.request == _GET_CONFIGURATION:
            return bytes([self.configuration.value])[: request.length]
        raise ReturnError(
            IOReturn.USB_PIPE_STALLED,
            f"simulated device stalled request {request.request:#04x} "
            f"of type {request.request_type:#04x}",
        )

    def _read_descriptor(self, kind: int, index: int) -> bytes:
        if kind == _DEVICE:
            return _device_bytes(self.descriptor)
        if kind == _CONFIGURATION and index < len(self.descriptor.configurations):
            return _configuration_bytes(self.descriptor.configurations[index])
        if kind == _STRING and index <= 3:
            return _string_bytes(self.descriptor, index)
        raise ReturnError(IOReturn.USB_PIPE_STALLED, f"simulated device has no descriptor {kind}")


def _device_bytes(d: DeviceDescriptor) -> bytes:
    return struct.pack(
        "<BBHBBBBHHHBBBB",
        *(18, _DEVICE, d.usb_version, d.cls, d.subclass, d.protocol, d.max_packet_size),
        *(d.vendor, d.product, d.device_version, 1, 2, 3, len(d.configurations)),
    )


def _configuration_bytes(c: ConfigurationDescriptor) -> bytes:
    body = b""
    for i in c.interfaces:
        body += struct.pack(
            "<9B",
            *(9, 4, i.number, i.alternate, len(i.endpoints)),
            *(i.cls, i.subclass, i.protocol, i.string),
        )
        for e in i.endpoints:
            body += struct.pack(
                "<BBBBHB", 7, 5, e.address, e.attributes, e.max_packet_size, e.interval
            )
    head = struct.pack(
        "<BBHBBBBB",
        *(9, _CONFIGURATION, 9 + len(body), len(c.interfaces), c.value, 0),
        *(c.attributes, c.max_power),
    )
    return head + body


def _string_bytes(d: DeviceDescriptor, index: int) -> bytes:
    if index == 0:
        return struct.pack("<BBH", 4, _STRING, _ENGLISH)
    text = (d.manufacturer, d.product_name, d.serial)[index - 1].encode("utf-16-le")[:253]
    return bytes([len(text) + 2, _STRING]) + text
