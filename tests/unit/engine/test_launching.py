"""A provider that comes to be matched again: launched once it fits, denials said once."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.engine.binding import Binding
from runtime.engine.bundles import Bundles, Runnable
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.model.events import Detail, Noted
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, EntryId
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place
from runtime.supervisor.ports import DriverSpec
from runtime.wire.broker import Serve

BUNDLE = BundleId("com.example.one")
PERSONALITY = Personality(
    "P",
    BUNDLE,
    "IOUSBHostDevice",
    "MyDriver",
    {
        "IOProviderClass": "IOUSBHostDevice",
        "idVendor": 5,
        "idProduct": 2,
        "IOPropertyMatch": {"ID_READY": "1"},
    },
)
ENTITLED: Properties = {
    "com.apple.developer.driverkit": True,
    "com.apple.developer.driverkit.transport.usb": [{"idVendor": 5}],
}


class Hub:
    """Keeps events."""

    def __init__(self) -> None:
        self.told: list[Detail] = []
        self.status = self
        self.developer = False

    def event(self, detail: Detail, *_where: object) -> None:
        """Keep one."""
        self.told.append(detail)


class Family:
    """Every entry is a provider."""

    def provides(self, _entry: EntryId) -> bool:
        """Whether it is."""
        return True

    def place(self, entry: EntryId) -> Place:
        """As a broker would reach it."""
        return Place(entry, "D", 0, Serve("sample"))


class Supervisor:
    """Keeps what it was to launch, and says that it launched nothing."""

    def __init__(self) -> None:
        self.launched: list[DriverSpec] = []

    def launch(self, spec: DriverSpec) -> None:
        """Keep one."""
        self.launched.append(spec)

    def of_provider(self, _provider: EntryId) -> list[object]:
        """The drivers that are there."""
        return []

    def open_session(self, *_parts: object) -> None:
        """As brokers do; never called here."""
        raise AssertionError


class Bench:
    """A device, an extension that asks for more than it says, and what comes of it."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry(lambda: 0, lambda _change: None)
        self.device = self.registry.attach(
            ROOT_ID, "D", "IOUSBHostDevice", props={"idVendor": 5, "idProduct": 2}
        )
        self.hub, self.supervisor, self.bundles = Hub(), Supervisor(), Bundles()
        kernel = KernelDrivers(folder, folder)
        parts: tuple[Any, ...] = (self.registry, self.hub, (Family(),), self.bundles, kernel)
        self.binding = Binding(*parts, syspath=lambda _entry: "")
        role: Any = self.supervisor
        self.binding.use(role, role)

    def activate(self, content: str, entitled: Properties) -> None:
        """Let the extension run."""
        memfd = os.memfd_create("bundle", os.MFD_CLOEXEC)
        runnable = Runnable(BUNDLE, ContentHash(content), "my", entitled, memfd)
        asyncio.run(self.bundles.put(runnable))
        self.binding.add(BUNDLE, (PERSONALITY,))

    def becomes_ready(self) -> None:
        """The device says what the personality asks for, and registers again."""
        self.registry.merge_properties(self.device, {"ID_READY": "1"})
        self.binding.match_one(self.device)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.bundles.close()


def test_a_device_that_fits_once_it_registers_again_is_driven(bench: Bench) -> None:
    bench.activate("1", ENTITLED)
    assert bench.supervisor.launched == []
    bench.becomes_ready()
    (spec,) = bench.supervisor.launched
    assert (spec.name, spec.provider) == ("MyDriver", bench.device)


def test_a_denial_is_said_once_for_each_content_and_provider(bench: Bench) -> None:
    bench.activate("1", {**ENTITLED, "com.apple.developer.driverkit.transport.usb": []})
    bench.becomes_ready()
    bench.becomes_ready()
    (noted,) = bench.hub.told
    assert isinstance(noted, Noted)
    assert noted.text.startswith("P: entitlement com.apple.developer.driverkit.transport.usb has")
    bench.activate("2", {})
    bench.becomes_ready()
    bench.becomes_ready()
    assert len(bench.hub.told) == 2
    bench.binding.unplugged(bench.device)
    bench.becomes_ready()
    assert len(bench.hub.told) == 3
    assert bench.supervisor.launched == []
