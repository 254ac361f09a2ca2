"""A USB device that answers as a recording says: a `runtime.families.usb.provider.UsbDevice`.

Invariant: standard requests that the recording does not hold are answered from its descriptors.
"""

import struct

from runtime.families.recorded.pipe import RecordedPipe
from runtime.families.recorded.playback import Playback
from runtime.families.recorded.recording import Recording
from runtime.families.usb import descriptors
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

_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_STRING_INDICES = slice(14, 17)  # of manufacturer, product and serial number
_ENGLISH = struct.pack("<BBH", 4, _STRING, 0x0409)


class RecordedDevice:
    """One device out of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._raw = recording.descriptors
        self._strings = recording.strings
        self._configuration = recording.configuration
        self._descriptor = descriptors.parse(self._raw, recording.strings)
        self._alternates: dict[int, int] = {}
        settings = {
            (interface.number, interface.alternate): {
                endpoint.address: endpoint.max_packet_size & 0x7FF
                for endpoint in interface.endpoints
                if endpoint.is_input
            }
            for interface in self.configuration.interfaces
        }
        self._playback = Playback(recording.exchanges, settings)
        self._pipes: set[RecordedPipe] = set()
        self._speed = recording.speed

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""
        return self._descriptor

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The configuration that was active; the first where there is none of its value."""
        every = self._descriptor.configurations
        return next((each for each in every if each.value == self._configuration), every[0])

    @property
    def speed(self) -> Speed:
        """As it was when it was recorded."""
        return self._speed

    @property
    def address(self) -> int:
        """It is alone on its bus."""
        return 1

    def interface(self, number: int) -> InterfaceDescriptor:
        """The interface with this number, in its present setting.

        Raises:
            ReturnError: NOT_FOUND, there is none.
        """
        return self._setting(number, self._alternates.get(number))

    def take(self, number: int) -> None:
        """Begin the recording again: whoever opens an interface begins a conversation.

        Raises:
            ReturnError: NOT_FOUND, there is none of this number.
        """
        self.interface(number)
        self._playback.rewind()

    def give_back(self, number: int) -> None:
        """Nobody had it before; it is in its first setting for the next one."""
        self._alternates.pop(number, None)

    def select(self, number: int, alternate: int) -> None:
        """Choose an interface's alternate setting; ReturnError: it has no such one."""
        self._setting(number, alternate)
        self._alternates[number] = alternate

    def set_configuration(self, value: int) -> None:
        """Stay in the configuration; ReturnError: another one was asked for."""
        if self.configuration.value != value:
            raise ReturnError(
                IOReturn.UNSUPPORTED, "recorded device: expected the configuration that it is in"
            )

    def reset(self) -> None:
        """Begin the recording again."""
        self._playback.rewind()

    def close(self) -> None:
        """Nothing is held."""

    def pipe(self, endpoint: EndpointDescriptor) -> RecordedPipe:
        """A pipe for one of the endpoints."""
        return RecordedPipe(endpoint, self._speed, self._playback, self._pipes)

    async def control(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        """Carry out a control transfer on endpoint 0, at once.

        Raises:
            ReturnError: It failed when it was recorded, or neither recording nor descriptors have
                an answer: USB_PIPE_STALLED, as hardware answers what it does not know.
        """
        del timeout_ms  # it takes no time
        try:
            read = self._playback.control(request, data)
        except ReturnError:
            known = self._standard(request)
            if known is None:
                raise
            return known[: request.length]
        for pipe in tuple(self._pipes):
            pipe.serve_soon()
        return read

    def _setting(self, number: int, alternate: int | None) -> InterfaceDescriptor:
        """An interface in a setting; None: the first that it has."""
        for interface in self.configuration.interfaces:
            if interface.number == number and alternate in (None, interface.alternate):
                return interface
        which = "" if alternate is None else f" with an alternate setting {alternate}"
        raise ReturnError(IOReturn.NOT_FOUND, f"recorded device has no interface {number}{which}")

    def _standard(self, request: ControlRequest) -> bytes | None:
        """The answer to a request that USB defines; None for every other."""
        match request.request_type, request.request:
            case 0x80, 6:
                return self._read_descriptor(request.value >> 8, request.value & 0xFF)
            case 0x81, 10:
                return bytes([self.interface(request.index & 0xFF).alternate])
            case 0x80, 8:
                return bytes([self.configuration.value])
            case ((0x80 | 0x81 | 0x82), 0):
                return b"\0\0"
            case 0x02, 1:
                return b""  # a halt is cleared
        return None

    def _read_descriptor(self, kind: int, index: int) -> bytes | None:
        if kind == _DEVICE:
            return self._raw[: self._raw[0]]
        if kind == _CONFIGURATION:
            return descriptors.configuration_bytes(self._raw, index)
        if kind == _STRING and index == 0:
            return _ENGLISH
        indices = list(self._raw[_STRING_INDICES])
        if kind == _STRING and index in indices:
            text = self._strings[indices.index(index)].encode("utf-16-le")[:252]
            return bytes([len(text) + 2, _STRING]) + text
        return None
