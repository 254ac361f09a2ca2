"""A provider that comes to be matched again: launched once it fits, denials said once."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime.engine.binding import Binding
from runtime.engine.bundles import Bundles, Runnable
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.taking import Taking
from runtime.extensions.takeovers import Answer
from runtime.linux.essential import Essentials
from runtime.model.driver_lifecycle import DriverState
from runtime.model.events import Detail, Noted
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, EntryId
from runtime.model.intent import Intent
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.model.records import DeviceHit, RequestState
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place
from runtime.supervisor.driver import SupervisedDriver
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
        self.running: list[object] = []

    def launch(self, spec: DriverSpec) -> None:
        """Keep one."""
        self.launched.append(spec)

    def __iter__(self) -> Iterator[SupervisedDriver]:
        """None of them is kept out."""
        return iter(())

    def of_provider(self, _provider: EntryId) -> list[object]:
        """The drivers that are there."""
        return self.running

    def open_session(self, *_parts: object) -> None:
        """As brokers do; never called here."""
        raise AssertionError


class Machine:
    """What would be missed, and whether somebody said that it may be taken."""

    def __init__(self) -> None:
        self.keyboards: frozenset[str] = frozenset()
        self.answer = Answer.WAITING
        self.asked: list[DeviceHit] = []
        self.needless_for: list[str] = []

    def syspath(self, _entry: EntryId) -> str:
        """Where the device is in sysfs."""
        return "/sys/devices/1-2"

    def read(self) -> Essentials:
        """How the machine is."""
        return Essentials(keyboards=self.keyboards)

    def ask(self, _bundle: BundleId, _content: ContentHash, device: DeviceHit) -> Answer:
        """As `Takeovers` does."""
        self.asked.append(device)
        return self.answer

    def needless(self, _bundle: BundleId, path: str) -> None:
        """As `Takeovers` does."""
        self.needless_for.append(path)


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
        self.machine = Machine()
        taking = Taking(self.machine.syspath, lambda _text: None, self.machine.read)
        self.binding = Binding(*parts, taking=taking)
        role: Any = self.supervisor
        self.binding.use(role, role, cast("Any", self.machine))

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


ONLY_KEYBOARD = frozenset({"/sys/devices/1-2/1-2:1.0/input/input3"})


def test_what_the_machine_would_miss_waits_for_an_answer(bench: Bench) -> None:
    bench.machine.keyboards = ONLY_KEYBOARD
    bench.activate("1", ENTITLED)
    bench.becomes_ready()
    bench.becomes_ready()
    assert bench.supervisor.launched == []
    assert {hit.warning for hit in bench.machine.asked} == {"it is the only keyboard"}
    (noted,) = bench.hub.told
    assert isinstance(noted, Noted)
    assert "an approval of that is waited for; it was not launched" in noted.text
    bench.machine.answer = Answer.DENIED
    bench.becomes_ready()
    assert bench.supervisor.launched == []
    bench.machine.answer = Answer.GRANTED
    bench.becomes_ready()
    assert len(bench.supervisor.launched) == 1


def test_what_the_machine_lost_with_a_driver_is_remembered_for_the_next_one(bench: Bench) -> None:
    bench.machine.keyboards = ONLY_KEYBOARD
    bench.machine.answer = Answer.GRANTED
    bench.activate("1", ENTITLED)
    bench.becomes_ready()
    bench.machine.keyboards = frozenset()  # the kernel's driver has left it
    bench.machine.answer = Answer.WAITING
    bench.becomes_ready()
    assert len(bench.supervisor.launched) == 1
    bench.machine.keyboards = frozenset({*ONLY_KEYBOARD, "/sys/devices/platform/i8042/input1"})
    bench.becomes_ready()
    assert len(bench.supervisor.launched) == 2, "the kernel has it again, and there is another"
    assert bench.machine.needless_for == [bench.registry.path(bench.device)]


def test_what_is_no_loss_is_taken_without_a_question(bench: Bench) -> None:
    bench.activate("1", ENTITLED)
    bench.becomes_ready()
    assert (len(bench.supervisor.launched), bench.machine.asked) == (1, [])


class Running:
    """A driver on the device."""

    def __init__(self, bundle_id: str) -> None:
        self.record = SimpleNamespace(
            bundle_id=bundle_id, personality="P", name="D", state=DriverState.RUNNING
        )
        self.spec = SimpleNamespace(category="IODefaultMatchCategory", personality="P")
        self.stopped = False

    def stop(self, _intent: Intent) -> None:
        """Keep it."""
        self.stopped = True


def test_an_answer_counts_at_once_and_so_does_taking_it_back(bench: Bench) -> None:
    bench.machine.keyboards = ONLY_KEYBOARD
    bench.activate("1", ENTITLED)
    bench.becomes_ready()
    (hit,) = bench.machine.asked
    request: Any = SimpleNamespace(
        bundle_id=BUNDLE, devices=(hit,), state=RequestState.COMPLETED, takes=True
    )
    bench.machine.answer = Answer.GRANTED
    bench.binding.reconsider(request)
    assert len(bench.supervisor.launched) == 1
    ours, other = Running(BUNDLE), Running("com.example.other")
    bench.supervisor.running = [ours, other]
    request.state = RequestState.WAITING
    bench.binding.reconsider(request)
    assert (ours.stopped, other.stopped) == (True, False)
