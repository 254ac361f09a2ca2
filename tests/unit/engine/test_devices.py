"""When a device is matched: once it has come, and again once it says something else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from runtime.engine import devices
from runtime.engine.devices import Devices
from runtime.model.device import Action, Device, Uevent
from runtime.model.identity import EntryId
from runtime.registry.tree import Registry

STICK = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2"
DEVICE = Device(STICK, "1-2", "usb", "usb_device", "usb")
INTERFACE = Device(f"{STICK}/1-2:1.0", "1-2:1.0", "usb", "usb_interface", "", STICK)


class Silent:
    """A hub that nobody listens to."""

    def event(self, *_told: object) -> None:
        """Take an event."""


class Bench:
    """Devices whose follower remembers what it was told."""

    def __init__(self) -> None:
        self.matched: list[EntryId] = []
        self.gone: list[EntryId] = []
        parts: tuple[Any, ...] = (Registry(lambda: 0, lambda _change: None), Silent(), None)
        self.devices = Devices(*parts)
        self.devices.follow(self)

    def match_one(self, entry_id: EntryId) -> None:
        """Remember it."""
        self.matched.append(entry_id)

    def unplugged(self, entry_id: EntryId) -> None:
        """Remember it."""
        self.gone.append(entry_id)

    def apply(self, action: Action, device: Device) -> None:
        """Have an event happen."""
        self.devices.machine.apply(Uevent(action, device))

    def id(self, device: Device) -> EntryId:
        """Its entry."""
        found = self.devices.machine.entry_of(device.syspath)
        assert found is not None
        return found

    async def settled(self) -> list[EntryId]:
        """What is matched once the delay is over; timers run in order, and here it is 0."""
        await asyncio.sleep(0.001)
        found, self.matched = self.matched, []
        return found


def run(monkeypatch: pytest.MonkeyPatch, story: Callable[[Bench], Awaitable[None]]) -> None:
    monkeypatch.setattr(devices, "BIND_SECONDS", 0.0)

    async def told() -> None:
        await story(Bench())

    asyncio.run(told())


def with_(device: Device, **told: str) -> Device:
    return msgspec.structs.replace(device, properties=told)


def test_a_new_device_is_matched_once_whatever_happens_to_it_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(bench: Bench) -> None:
        bench.apply(Action.ADD, DEVICE)
        bench.apply(Action.ADD, INTERFACE)
        bench.apply(Action.CHANGE, with_(INTERFACE, ID_INPUT="1"))
        assert await bench.settled() == [bench.id(DEVICE), bench.id(INTERFACE)]

    run(monkeypatch, story)


def test_a_device_that_says_something_else_is_matched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(bench: Bench) -> None:
        bench.apply(Action.ADD, DEVICE)
        bench.apply(Action.ADD, INTERFACE)
        await bench.settled()
        bench.apply(Action.CHANGE, INTERFACE)
        assert await bench.settled() == []
        bench.apply(Action.CHANGE, with_(INTERFACE, ID_INPUT="1"))
        assert await bench.settled() == [bench.id(INTERFACE)]

    run(monkeypatch, story)


def test_an_interface_is_matched_again_with_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        bench.apply(Action.ADD, DEVICE)
        bench.apply(Action.ADD, INTERFACE)
        await bench.settled()
        bench.apply(Action.CHANGE, with_(DEVICE, TAGS=":uaccess:"))
        assert await bench.settled() == [bench.id(DEVICE), bench.id(INTERFACE)]

    run(monkeypatch, story)


def test_a_device_that_goes_is_told_of_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        bench.apply(Action.ADD, DEVICE)
        await bench.settled()
        entry = bench.id(DEVICE)
        bench.apply(Action.REMOVE, DEVICE)
        assert (bench.gone, await bench.settled()) == ([entry], [])

    run(monkeypatch, story)
