"""When a USB device may sleep: what is told to it, and to the drivers that let it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.families.simulated import models
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.served import ServedUsbDevice
from runtime.families.usb.suspending import UsbfsSleeper
from runtime.families.usb.whole import DeviceSession
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import methods, usb
from runtime.wire.usb import WHOLE_DEVICE

SECONDS = 10.0


class Sleeper:
    """A device that sleeps as soon as it may."""

    def __init__(self) -> None:
        self.woken: Callable[[], None] | None = None
        self.refuses = False

    def rests(self) -> bool:
        """Whether it may sleep."""
        return self.woken is not None

    def rest(self, woken: Callable[[], None]) -> None:
        if self.refuses:
            raise ReturnError(IOReturn.UNSUPPORTED)
        assert self.woken is None, "it was awake"
        self.woken = woken

    def wake(self) -> None:
        assert self.woken is not None, "it rested"
        self.woken = None


class Bench:
    """A device of two interfaces, and a driver at each."""

    def __init__(self) -> None:
        self.sleeper = Sleeper()
        self.ended: list[int] = []
        served = ServedUsbDevice(models.loopback(), None, self.sleeper)
        self._served = served
        self.drivers = [self.session(number) for number in (0, 1)]
        self.open: set[int] = set()
        self.resting: dict[int, int] = {}

    def session(self, number: int) -> InterfaceSession | DeviceSession:
        """A driver process."""
        return self._served.session(number, lambda action, _end: self.ended.append(action))

    async def do(self, what: str, number: int, action: int) -> None:
        """One step of a driver, or of the device, and of what is expected of it."""
        driver, ended = self.drivers[number], list(self.ended)
        if what == "open" and number not in self.open:
            await driver.call(0, methods.InterfaceOpen())
            self.open.add(number)
        elif what == "close":
            await driver.call(0, methods.InterfaceClose())
            self.open.discard(number)
            ended += self._over(number)
        elif what in {"rest", "wake"} and number not in self.open:
            with pytest.raises(ReturnError):
                await driver.call(0, usb.Rest(action) if what == "rest" else usb.Wake())
        elif what == "rest":
            ended += self._over(number)
            await driver.call(0, usb.Rest(action))
            self.resting[number] = action
        elif what == "wake":
            await driver.call(0, usb.Wake())
            ended += self._over(number)
        elif what == "resume" and self.sleeper.woken is not None:
            self.sleeper.woken()
            ended += self._over(0) + self._over(1)
        assert sorted(self.ended) == sorted(ended), "each action once, and only when it is over"

    def _over(self, number: int) -> list[int]:
        return [self.resting.pop(number)] if number in self.resting else []


STEPS = st.tuples(st.sampled_from(["open", "close", "rest", "wake", "resume"]), st.integers(0, 1))


@given(steps=st.lists(STEPS, max_size=12))
def test_it_sleeps_while_all_that_is_open_rests(steps: list[tuple[str, int]]) -> None:
    async def inner() -> None:
        bench = Bench()
        for action, (what, number) in enumerate(steps):
            await bench.do(what, number, action)
            rests = bool(bench.open) and bench.open <= bench.resting.keys()
            assert bench.sleeper.rests() is rests

    asyncio.run(inner())


def test_a_driver_of_the_whole_device_lets_it_sleep() -> None:
    async def inner() -> None:
        bench = Bench()
        whole = bench.session(WHOLE_DEVICE)
        await whole.call(0, methods.InterfaceOpen())
        await whole.call(0, usb.Rest(7))
        assert bench.sleeper.rests()
        whole.close()
        assert not bench.sleeper.rests()
        assert bench.ended == [7]

    asyncio.run(inner())


def test_a_device_that_cannot_sleep_says_so() -> None:
    async def inner() -> None:
        bench = Bench()
        await bench.do("open", 0, 0)
        bench.sleeper.refuses = True
        with pytest.raises(ReturnError) as refused:
            await bench.drivers[0].call(0, usb.Rest(1))
        assert refused.value.code == IOReturn.UNSUPPORTED
        await bench.drivers[0].call(0, methods.InterfaceClose())
        assert not bench.ended

    asyncio.run(inner())


class Node:
    """The kernel's side of a node that can sleep."""

    def __init__(self) -> None:
        self.allowed = False
        self.waits = threading.Semaphore(0)
        self._changed = threading.Condition()
        self._resumed = True

    def allow_suspend(self) -> None:
        with self._changed:
            self.allowed, self._resumed = True, False

    def forbid_suspend(self) -> None:
        self.allowed = False

    def resume(self) -> None:
        """The device wakes."""
        with self._changed:
            self._resumed = True
            self._changed.notify_all()

    def wait_for_resume(self) -> None:
        self.waits.release()
        with self._changed:
            assert self._changed.wait_for(lambda: self._resumed, SECONDS)


@pytest.fixture
def node() -> Iterator[Node]:
    """A node; nobody waits for it in the end."""
    made = Node()
    yield made
    made.resume()
    for thread in threading.enumerate():
        if thread.name == "resume":
            thread.join(SECONDS)


def test_a_resume_is_told_once(node: Node) -> None:
    async def inner() -> None:
        untyped: Any = node
        sleeper = UsbfsSleeper(untyped)
        woken = asyncio.Event()
        sleeper.rest(woken.set)
        assert node.allowed
        node.resume()
        async with asyncio.timeout(SECONDS):
            await woken.wait()
        sleeper.wake()
        assert not node.allowed

    asyncio.run(inner())


def test_a_resume_from_before_is_not_told(node: Node) -> None:
    """Its driver woke it, and let it sleep again before the thread had said so."""

    async def inner() -> None:
        untyped: Any = node
        sleeper = UsbfsSleeper(untyped)
        woken = asyncio.Event()
        sleeper.rest(woken.set)
        assert node.waits.acquire(timeout=SECONDS)
        sleeper.wake()
        node.resume()
        (thread,) = [each for each in threading.enumerate() if each.name == "resume"]
        thread.join(SECONDS)
        sleeper.rest(woken.set)
        assert await asyncio.to_thread(node.waits.acquire, timeout=SECONDS)
        assert not woken.is_set()
        node.resume()
        async with asyncio.timeout(SECONDS):
            await woken.wait()

    asyncio.run(inner())
