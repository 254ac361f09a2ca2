"""The power tree: who is told of sleep in which order, and who is waited for."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runtime.engine import power
from runtime.engine.power import LOW, OFF, ON, PowerTree
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId, EntryId
from runtime.model.records import Driver
from runtime.registry.tree import Registry


class Drivers:
    """All drivers: what their services were asked, and which answer by themselves."""

    def __init__(self) -> None:
        self.asked: list[tuple[EntryId, int]] = []
        self.deaf: set[EntryId] = set()
        self.unanswered: list[Callable[[str], None]] = []
        self.notes: list[str] = []
        self.service = self.calls = self

    def find(self, _driver: DriverId) -> "Drivers":
        return self

    def note(self, text: str) -> None:
        self.notes.append(text)

    def set_power(self, entry: EntryId, flags: int, done: Callable[[str], None]) -> bool:
        self.asked.append((entry, flags))
        if entry not in self.deaf:
            asyncio.get_running_loop().call_soon(done, "")
        else:
            self.unanswered.append(done)
        return True

    def taken(self) -> list[tuple[EntryId, int]]:
        asked, self.asked = self.asked, []
        return asked


class Bench:
    """A driver with a nub, and another driver beside it."""

    def __init__(self) -> None:
        self.registry = Registry(lambda: 0, lambda _change: None)
        self.drivers = Drivers()
        role: Any = self.drivers
        self.tree = PowerTree(self.registry, role)
        self.tree.use(role)
        self.first, self.second = self._driver(1), self._driver(2)
        self.nub = self.registry.attach(EntryId(self.first.service), "Nub", "IOUserService")
        for each in (self.first, self.second):
            self.tree.started(each)
        self.tree.join(self.first, self.nub)

    def _driver(self, number: int) -> Driver:
        service = self.registry.attach(ROOT_ID, f"D{number}", "IOUserService")
        return Driver(
            DriverId(number),
            f"D{number}",
            BundleId("com.example"),
            ContentHash("0" * 64),
            "P",
            provider=ROOT_ID,
            provider_path="",
            service=service,
        )


@pytest.fixture
def bench() -> Bench:
    async def made() -> Bench:
        return Bench()

    return asyncio.run(made())


def test_the_lower_sleep_first_and_wake_last(bench: Bench) -> None:
    async def inner() -> None:
        one, two = EntryId(bench.first.service), EntryId(bench.second.service)
        bench.tree.change(bench.second, two, LOW)
        await asyncio.sleep(0)
        assert bench.drivers.taken() == [(two, LOW)]
        await bench.tree.sleep()
        assert bench.drivers.taken() == [(bench.nub, OFF), (one, OFF), (two, OFF)]
        bench.tree.change(bench.first, one, LOW)
        await asyncio.sleep(0)
        assert bench.drivers.taken() == [], "it sleeps"
        await bench.tree.wake()
        assert bench.drivers.taken() == [(one, LOW), (two, LOW), (bench.nub, ON)]

    asyncio.run(inner())


def test_nobody_waits_for_a_driver_that_is_gone(bench: Bench) -> None:
    async def inner() -> None:
        one = EntryId(bench.first.service)
        bench.drivers.deaf = {one}
        sleeping = asyncio.ensure_future(bench.tree.sleep())
        async with asyncio.timeout(10):
            while (one, OFF) not in bench.drivers.asked:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0)
            bench.tree.leave(bench.first.id)
            await sleeping
        assert bench.drivers.notes == []

    asyncio.run(inner())


def test_who_is_not_ready_in_time_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def inner() -> None:
        bench.drivers.deaf = {EntryId(bench.second.service)}
        monkeypatch.setattr(power, "ACKNOWLEDGE_SECONDS", 0.01)
        await bench.tree.sleep()
        assert bench.drivers.notes == ["the machine sleeps; not ready for it: D2"]

    asyncio.run(inner())


def test_sleep_waits_for_one_that_was_told_before_and_has_not_acknowledged(bench: Bench) -> None:
    async def inner() -> None:
        two = EntryId(bench.second.service)
        bench.drivers.deaf = {two}
        bench.tree.change(bench.second, two, OFF)
        await asyncio.sleep(0)
        assert bench.drivers.taken() == [(two, OFF)]
        sleeping = asyncio.ensure_future(bench.tree.sleep())
        async with asyncio.timeout(10):
            while len(bench.drivers.asked) < 2:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
            assert not sleeping.done()
            assert two not in [entry for entry, _ in bench.drivers.asked], "it was told already"
            bench.drivers.unanswered.pop()("")
            await sleeping
        assert bench.drivers.notes == []

    asyncio.run(inner())


def test_what_is_asked_for_as_the_machine_goes_to_sleep_waits_for_it_to_wake(bench: Bench) -> None:
    async def inner() -> None:
        two = EntryId(bench.second.service)
        sleeping = asyncio.ensure_future(bench.tree.sleep())
        bench.tree.change(bench.second, two, LOW)
        await sleeping
        assert (two, LOW) not in bench.drivers.taken()
        await bench.tree.wake()
        assert (two, LOW) in bench.drivers.taken()

    asyncio.run(inner())


def test_one_that_does_not_wake_keeps_no_other_asleep(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def inner() -> None:
        await bench.tree.sleep()
        bench.drivers.taken()
        bench.drivers.deaf = {EntryId(bench.first.service)}
        monkeypatch.setattr(power, "ACKNOWLEDGE_SECONDS", 0.01)
        await bench.tree.wake()
        assert (bench.nub, ON) in bench.drivers.taken()
        assert bench.drivers.notes == ["the machine has woken; not ready for it: D1"]

    asyncio.run(inner())
