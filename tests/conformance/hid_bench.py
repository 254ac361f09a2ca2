"""One HID device of each family with a session at it: what the conformance tests run on.

Every family is the keypad of `runtime.families.simulated.keypad`: as it is, behind hidraw with a
stand-in for the kernel, and, where `CONFORMANCE_UHID` is set, behind the hidraw node that a real
kernel makes of it.
Invariant: nothing here knows which family it is, but the function that opens it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from runtime.families.hid import device
from runtime.families.hid.device import HidrawDevice
from runtime.families.hid.interface import HidSession, ServedHidDevice
from runtime.families.simulated import keypad
from runtime.wire import hid, methods
from tests.conformance.hidraw_node import HidrawNode
from tests.conformance.uhid_keypad import UhidKeypad

FAMILIES = ("uhid",) if os.environ.get("CONFORMANCE_UHID") else ("simulated", "hidraw")
SECONDS = 30.0


class Bench:
    """One device with one session at it."""

    def __init__(self, served: ServedHidDevice, unplug: Callable[[], None] | None = None) -> None:
        self.served = served
        self.unplug_kernel = unplug
        self.completed: list[tuple[int, hid.ReportsAvailable]] = []
        self.came = asyncio.Event()
        self.session = self.new_session()

    def new_session(self) -> HidSession:
        """Another driver process at the same device."""
        return self.served.session(0, self._complete)

    async def call(self, method: methods.Method) -> Any:
        """Call a method of the first session."""
        return await self.session.call(0, method)

    async def until(self, count: int) -> None:
        """Wait until this many reads have completed."""
        async with asyncio.timeout(SECONDS):
            while len(self.completed) < count:
                self.came.clear()
                await self.came.wait()

    def close(self) -> None:
        """End everything."""
        self.session.close()
        self.served.close()

    def _complete(self, action: int, completion: methods.Completion) -> None:
        assert isinstance(completion, hid.ReportsAvailable)
        self.completed.append((action, completion))
        self.came.set()


@asynccontextmanager
async def _simulated() -> AsyncIterator[Bench]:
    bench = Bench(ServedHidDevice(keypad.keypad()))
    yield bench
    bench.close()


@asynccontextmanager
async def _hidraw() -> AsyncIterator[Bench]:
    node = HidrawNode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "hidraw", node)
        real = os.close
        patch.setattr(os, "close", lambda fd: None if fd == node.EVENTS else real(fd))
        bench = Bench(ServedHidDevice(HidrawDevice(node.fd, [node.EVENTS])), node.unplug)
        yield bench
        bench.session.close()
        assert not node.grabbed, "the input is everybody's again"
        bench.close()
        node.close()


@asynccontextmanager
async def _uhid() -> AsyncIterator[Bench]:
    keys = UhidKeypad()
    bench = Bench(ServedHidDevice(HidrawDevice(keys.open_node(SECONDS), ())), keys.close)
    yield bench
    bench.close()
    keys.close()


Test = Callable[[Bench], Coroutine[Any, Any, None]]


def run(family: str, test: Test) -> None:
    """Run a test's coroutine on a device of a family."""
    opener = {"simulated": _simulated, "hidraw": _hidraw, "uhid": _uhid}[family]

    async def inner() -> None:
        async with opener() as bench:
            await test(bench)

    asyncio.run(inner())
