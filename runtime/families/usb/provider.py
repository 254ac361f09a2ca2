"""What every kind of USB device offers to the session of a driver: the border between the two.

Simulated devices and real ones are both this, and `InterfaceSession` is all that a driver
reaches of either. Everything is called in the event loop of the device's broker.
Invariant: Protocols and values only.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from runtime.model.usb import (
    ConfigurationDescriptor,
    ControlRequest,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
    IsochronousFrame,
    Speed,
)


class End(msgspec.Struct, frozen=True):
    """How a transfer ended: a kern_return_t, the bytes moved, and what was read.

    Of an isochronous transfer `frames` tells it of each frame, and `data` has each frame's bytes
    at the frame's own place.
    """

    status: int
    count: int = 0
    data: bytes = b""
    frames: tuple[IsochronousFrame, ...] = ()


class Transfer:
    """One queued transfer: up to `length` bytes from an IN endpoint, or `data` to an OUT one.

    `frames` are the bytes of each frame of an isochronous one, in sum `length`. `memory`: where
    the bytes of the transfer are, or are to be; they are not in its `End` then.
    """

    def __init__(
        self,
        length: int,
        data: bytes,
        done: Callable[[End], None],
        frames: tuple[int, ...] = (),
        memory: memoryview | None = None,
    ) -> None:
        self.length = length
        self.frames = frames
        self.memory = memory
        self._data = data
        self.timeout: asyncio.TimerHandle | None = None
        self._done = done

    @property
    def data(self) -> bytes:
        """What an OUT endpoint is sent."""
        return self._data if self.memory is None else bytes(self.memory)

    def finish(
        self,
        status: int,
        count: int = 0,
        data: bytes = b"",
        frames: tuple[IsochronousFrame, ...] = (),
    ) -> None:
        """Tell whoever queued it; once."""
        if self.timeout is not None:
            self.timeout.cancel()
        if self.memory is not None and data:
            self.memory[: len(data)] = data
            data = b""
        self._done(End(status, count, data, frames))


class UsbPipe(Protocol):
    """One endpoint."""

    endpoint: EndpointDescriptor

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer behind those that are queued; it finishes exactly once.

        A timeout of 0 means none. ReturnError: it was not queued, and does not finish.
        """

    def abort(self) -> None:
        """End what is queued with ABORTED; all of it has finished when this returns."""

    def clear_stall(self) -> None:
        """Clear the endpoint's halt; ReturnError."""


class UsbDevice(Protocol):
    """A device that a broker holds."""

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The active configuration."""

    @property
    def speed(self) -> Speed:
        """How fast its port runs."""

    @property
    def address(self) -> int:
        """Its address on its bus."""

    def interface(self, number: int) -> InterfaceDescriptor:
        """An interface in its present alternate setting; ReturnError when there is none."""

    def take(self, number: int) -> None:
        """Have an interface for drivers, whoever had it before; ReturnError."""

    def give_back(self, number: int) -> None:
        """Let whoever had an interface before have it again; idempotent."""

    def select(self, number: int, alternate: int) -> None:
        """Choose the alternate setting of an interface that was taken; ReturnError."""

    def set_configuration(self, value: int) -> None:
        """Choose the configuration; what was taken is no more. ReturnError."""

    def reset(self) -> None:
        """Reset the device; settings and configuration are as before. ReturnError."""

    async def control(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        """Carry out a control transfer on endpoint 0; what was read, empty for writes.

        ReturnError when it failed. A timeout of 0 means none.
        """

    def pipe(self, endpoint: EndpointDescriptor) -> UsbPipe:
        """A pipe for an endpoint of an interface that was taken."""

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
