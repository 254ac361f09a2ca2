"""The kernel's side of a usbfs node, for one simulated device: URBs in, URBs out, claims.

What it does with time, order and errors is what drivers/usb/core/devio.c does.
Invariant: its descriptor is writable exactly while a URB can be reaped.
"""

import errno
import fcntl
import itertools
import os
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from runtime.families.simulated import raw
from runtime.families.simulated.device import SimulatedDevice
from runtime.families.simulated.pipe import SimulatedPipe
from runtime.families.usb.provider import End, Transfer
from runtime.linux.usbfs import Reaped, UrbType
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import parse_setup

_PIPE = 4096  # the smallest that a pipe can hold
_ERRORS = {IOReturn.SUCCESS: 0, IOReturn.USB_PIPE_STALLED: -errno.EPIPE}


class Kernel:
    """A node; stands in for `runtime.linux.usbfs.Usbfs`."""

    def __init__(self, device: SimulatedDevice) -> None:
        self.device = device
        numbers = {interface.number for interface in device.configuration.interfaces}
        self.drivers = dict.fromkeys(numbers, "usbhid")
        self._reading, self.fd = os.pipe2(os.O_NONBLOCK)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE)
        os.write(self.fd, bytes(_PIPE))
        self._numbers = itertools.count(1)
        self._pipes: dict[int, SimulatedPipe] = {}
        self._waiting: dict[int, tuple[int, Transfer, bytearray | memoryview]] = {}
        self._ended: deque[Reaped] = deque()

    def close(self) -> None:
        """Let go of what the device did not own."""
        os.close(self._reading)

    def descriptors(self) -> bytes:
        configuration = raw.configuration_bytes(self.device.configuration)
        return raw.device_bytes(self.device.descriptor) + configuration

    def submit(
        self,
        kind: UrbType,
        endpoint: int,
        memory: bytearray | memoryview,
        packets: Sequence[int] = (),
    ) -> int:
        number = next(self._numbers)
        if kind is UrbType.CONTROL:
            self._control(number, memory)
            return number
        data = b"" if endpoint & 0x80 else bytes(memory)
        transfer = Transfer(len(memory), data, self._over(number), tuple(packets))
        self._waiting[number] = (endpoint, transfer, memory)
        try:
            self._pipe(endpoint).submit(transfer, 0)
        except ReturnError:
            self._end(Reaped(number, -errno.EPIPE, 0, memory))
        return number

    def discard(self, urb: int) -> None:
        if urb not in self._waiting:
            return
        endpoint, transfer, memory = self._waiting.pop(urb)
        self._pipe(endpoint).withdraw(transfer)
        self._end(Reaped(urb, -errno.ENOENT, 0, memory))

    def reap(self) -> Reaped | None:
        if not self._ended:
            return None
        reaped = self._ended.popleft()
        if not self._ended:
            os.write(self.fd, bytes(_PIPE))
        return reaped

    def claim(self, interface: int) -> None:
        if self.drivers[interface] == "usbfs":
            raise OSError(errno.EBUSY, "busy")
        self.drivers[interface] = "usbfs"

    def release(self, interface: int) -> None:
        self.drivers[interface] = ""

    def connect(self, interface: int) -> None:
        self.drivers[interface] = "usbhid"

    def disconnect(self, interface: int) -> None:
        self.drivers[interface] = ""

    def driver(self, interface: int) -> str:
        return self.drivers[interface]

    def clear_halt(self, endpoint: int) -> None:
        self._pipe(endpoint).clear_stall()

    def set_interface(self, interface: int, alternate: int) -> None:
        assert self.drivers[interface] == "usbfs", "claimed"
        self.device.select(interface, alternate)

    def set_configuration(self, value: int) -> None:
        assert "usbfs" not in self.drivers.values(), "nobody uses one"
        self.device.set_configuration(value)

    def reset(self) -> None:
        self.device.reset()

    def _pipe(self, address: int) -> SimulatedPipe:
        for interface in self.device.configuration.interfaces:
            for endpoint in interface.endpoints:
                if endpoint.address == address and address not in self._pipes:
                    self._pipes[address] = self.device.pipe(endpoint)
        return self._pipes[address]

    def _over(self, number: int) -> Callable[[End], None]:
        def over(end: End) -> None:
            _, _, memory = self._waiting.pop(number)
            memory[: len(end.data)] = end.data
            packets = tuple((_ERRORS[IOReturn(each.status)], each.count) for each in end.frames)
            self._end(Reaped(number, _ERRORS[IOReturn(end.status)], end.count, memory, packets))

        return over

    def _control(self, number: int, memory: bytearray | memoryview) -> None:
        try:
            request = parse_setup(bytes(memory[:8]))
            read = _result(self.device.control(request, bytes(memory[8:]), 0))
        except ReturnError:
            self._end(Reaped(number, -errno.EPIPE, 0, memory))
        else:
            memory[8 : 8 + len(read)] = read
            self._end(Reaped(number, 0, len(read), memory))

    def _end(self, reaped: Reaped) -> None:
        self._waiting.pop(reaped.urb, None)
        if not self._ended:
            os.read(self._reading, _PIPE)
        self._ended.append(reaped)


def _result(call: Coroutine[Any, Any, bytes]) -> bytes:
    """What a coroutine returns that waits for nothing."""
    try:
        call.send(None)
    except StopIteration as ended:
        data: bytes = ended.value
        return data
    raise AssertionError
