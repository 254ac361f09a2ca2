"""The kernel's side of a usbfs node, for one simulated device: URBs in, URBs out, claims.

What it does with time, order and errors is what drivers/usb/core/devio.c does.
Invariant: its descriptor is writable exactly while a URB can be reaped.
"""

import asyncio
import errno
import fcntl
import itertools
import os
from collections import deque
from collections.abc import Coroutine
from typing import Any

from runtime.families.simulated import device as simulated
from runtime.families.simulated import models
from runtime.linux.usbfs import Reaped, UrbType
from runtime.model.errors import ReturnError
from runtime.model.usb import parse_setup

_PIPE = 4096  # the smallest that a pipe can hold


class Kernel:
    """A node; stands in for `runtime.linux.usbfs.Usbfs`."""

    def __init__(self) -> None:
        self.device = models.sample()
        self.drivers = {0: "usbhid"}
        self._reading, self.fd = os.pipe2(os.O_NONBLOCK)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE)
        os.write(self.fd, bytes(_PIPE))
        self._numbers = itertools.count(1)
        self._waiting: deque[tuple[int, int, bytes]] = deque()
        self._ended: deque[Reaped] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Let go of what the device did not own."""
        os.close(self._reading)
        if self._timer is not None:
            self._timer.cancel()

    def descriptors(self) -> bytes:
        configuration = simulated._configuration_bytes(self.device.configuration)
        return simulated._device_bytes(self.device.descriptor) + configuration

    def submit(self, kind: UrbType, endpoint: int, buffer: bytes) -> int:
        number = next(self._numbers)
        if kind is UrbType.CONTROL:
            self._control(number, buffer)
        else:
            self._waiting.append((number, endpoint, buffer))
            self._arm()
        return number

    def discard(self, urb: int) -> None:
        for waiting in self._waiting:
            if waiting[0] == urb:
                self._waiting.remove(waiting)
                self._end(Reaped(urb, -errno.ENOENT, 0, waiting[2]))
                return

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

    def driver(self, interface: int) -> str:
        return self.drivers[interface]

    def clear_halt(self, endpoint: int) -> None: ...

    def _control(self, number: int, buffer: bytes) -> None:
        try:
            read = _result(self.device.control(parse_setup(buffer[:8]), buffer[8:], 0))
        except ReturnError:
            self._end(Reaped(number, -errno.EPIPE, 0, buffer))
        else:
            self._end(Reaped(number, 0, len(read), buffer[:8] + read))

    def _arm(self) -> None:
        if self._waiting and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(models.INTERVAL_MS / 1000, self._serve)

    def _serve(self) -> None:
        self._timer = None
        if self._waiting:
            number, endpoint, buffer = self._waiting.popleft()
            data = self.device._produce(endpoint, len(buffer))
            self._end(Reaped(number, 0, len(data), data.ljust(len(buffer), b"\0")))
        self._arm()

    def _end(self, reaped: Reaped) -> None:
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
