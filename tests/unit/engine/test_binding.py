"""Whom a change of the catalogue concerns: those entries are matched, and no others."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from runtime.engine.binding import Binding
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.taking import Taking
from runtime.model.entry import Kind
from runtime.model.identity import ROOT_ID, BundleId, EntryId
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.registry.tree import Registry

ONE, OTHER = BundleId("com.example.one"), BundleId("com.example.other")


class Provides:
    """A family to which every entry belongs but those that are left out."""

    def __init__(self) -> None:
        self.without: set[EntryId] = set()

    def provides(self, entry: EntryId) -> bool:
        return entry not in self.without


class Counting(Binding):
    """Remembers which entries it was to match."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts, taking=Taking(lambda _entry: "", lambda _text: None))
        self.matched: list[EntryId] = []

    def match_one(self, entry_id: EntryId) -> None:
        self.matched.append(entry_id)

    def taken(self) -> list[EntryId]:
        found, self.matched = self.matched, []
        return found


def personality(bundle: BundleId, **keys: int) -> Personality:
    table: Properties = {"IOProviderClass": "IOUSBHostDevice", **keys}
    return Personality("P", bundle, "IOUSBHostDevice", "P", table)


class Bench:
    """A registry of three devices and something else, and what matches them."""

    def __init__(self, folder: Path) -> None:
        clock = itertools.count()
        registry = Registry(lambda: next(clock), lambda _change: None)
        self.devices = [
            registry.attach(
                ROOT_ID,
                f"D{product}",
                "IOUSBHostDevice",
                kind=Kind.DEVICE,
                props={"idVendor": 5, "idProduct": product},
            )
            for product in (1, 2, 3)
        ]
        registry.attach(ROOT_ID, "Net", "IONetworkInterface", kind=Kind.DEVICE, props={})
        self.family = Provides()
        kernel = KernelDrivers(folder, folder)
        self.binding = Counting(registry, None, (self.family,), None, kernel)
        self.registry = registry


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_only_entries_that_the_bundle_matches_are_offered(bench: Bench) -> None:
    bench.binding.add(ONE, (personality(ONE, idVendor=5, idProduct=2),))
    assert bench.binding.taken() == [bench.devices[1]]
    bench.binding.add(OTHER, (personality(OTHER, idVendor=9, idProduct=2),))
    assert bench.binding.taken() == []


def test_a_bundle_that_is_the_same_concerns_nobody(bench: Bench) -> None:
    both = (personality(ONE, idVendor=5, idProduct=1), personality(ONE, idVendor=5, idProduct=3))
    bench.binding.add(ONE, both)
    assert bench.binding.taken() == [bench.devices[0], bench.devices[2]]
    bench.binding.add(ONE, both)
    assert bench.binding.taken() == []


def test_what_no_family_provides_is_not_offered(bench: Bench) -> None:
    bench.family.without.add(bench.devices[1])
    bench.binding.add(ONE, (personality(ONE, idVendor=5, idProduct=2),))
    assert bench.binding.taken() == []


def test_other_modules_of_the_kernel_concern_everything(bench: Bench) -> None:
    bench.binding.rematch()
    assert set(bench.devices) <= set(bench.binding.taken())
