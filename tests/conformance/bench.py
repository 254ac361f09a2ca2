"""One USB device of each family with sessions at it: what the conformance tests run on.

Every family is the loopback device of `runtime.families.simulated.models`: as it is, behind
usbfs with a stand-in for the kernel, and, where `CONFORMANCE_NODE` names one, behind the usbfs
node of a real kernel.
Invariant: nothing here knows which family it is, but the function that opens it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.families.simulated import models
from runtime.families.usb import device
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.provider import UsbDevice
from runtime.families.usb.whole import DeviceSession
from runtime.wire import methods, usb
from runtime.wire.broker import ServeUsb
from tests.conformance.kernel import Kernel

NODE = os.environ.get("CONFORMANCE_NODE", "")
FAMILIES = ("node",) if NODE else ("simulated", "usbfs")
SECONDS = 30.0

Completed = list[tuple[int, methods.CompleteAsyncIO | usb.CompleteIsochIO]]


class Bench:
    """One device with a session at each of its two interfaces."""

    def __init__(self, usb_device: UsbDevice) -> None:
        self.device = usb_device
        self._openers: set[int] = set()
        self.completed: Completed = []
        self.came = asyncio.Event()
        self.loop = self.new_session(0)
        self.counter = self.new_session(1)

    def new_session(self, interface: int) -> InterfaceSession:
        """Another driver process at an interface."""
        return InterfaceSession(self.device, interface, self._openers, self._complete)

    def whole(self) -> DeviceSession:
        """A driver process at the device."""
        return DeviceSession(self.device, self._openers, self._complete)

    async def call(self, method: methods.Method, target: int = 0) -> Any:
        """Call a method of the first interface's session."""
        return await self.loop.call(target, method)

    async def pipes(self) -> tuple[int, int]:
        """Open the first interface and its bulk pipes: OUT and IN."""
        await self.call(methods.InterfaceOpen())
        out: int = await self.call(methods.CopyPipe(models.BULK_OUT))
        into: int = await self.call(methods.CopyPipe(models.BULK_IN))
        return out, into

    async def reader(self) -> int:
        """Open the second interface and its interrupt pipe, which always has something."""
        await self.counter.call(0, methods.InterfaceOpen())
        handle = await self.counter.call(0, methods.CopyPipe(models.COUNTER_IN))
        assert isinstance(handle, int)
        return handle

    async def until(self, count: int) -> None:
        """Wait until this many actions have completed."""
        async with asyncio.timeout(SECONDS):
            while len(self.completed) < count:
                self.came.clear()
                await self.came.wait()

    def close(self) -> None:
        """End everything."""
        self.loop.close()
        self.counter.close()
        self.device.close()

    def _complete(self, action: int, completion: methods.Completion) -> None:
        assert isinstance(completion, methods.CompleteAsyncIO | usb.CompleteIsochIO)
        self.completed.append((action, completion))
        self.came.set()


@asynccontextmanager
async def _simulated() -> AsyncIterator[Bench]:
    bench = Bench(models.loopback())
    yield bench
    bench.close()


@asynccontextmanager
async def _usbfs() -> AsyncIterator[Bench]:
    kernel = Kernel(models.loopback())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "Usbfs", lambda _: kernel)
        known = ServeUsb(1, "IORegistry Inspector", "Loopback USB Device", "SIM0002", 1, 1)
        bench = Bench(device.UsbfsDevice(kernel.fd, known))
        yield bench
        bench.close()
        assert set(kernel.drivers.values()) == {"usbhid"}, "the kernel's driver has it again"
        kernel.close()


@asynccontextmanager
async def _node() -> AsyncIterator[Bench]:
    known = ServeUsb(1, "IORegistry Inspector", "Loopback USB Device", "SIM0002", 1, 1)
    bench = Bench(device.UsbfsDevice(os.open(Path(NODE), os.O_RDWR | os.O_CLOEXEC), known))
    try:
        bench.device.reset()
        yield bench
    finally:
        bench.close()


Test = Callable[[Bench], Coroutine[Any, Any, None]]


def run(family: str, test: Test) -> None:
    """Run a test's coroutine on a device of a family."""
    opener = {"simulated": _simulated, "usbfs": _usbfs, "node": _node}[family]

    async def inner() -> None:
        async with opener() as bench:
            await test(bench)

    asyncio.run(inner())
