"""Simulated devices in the registry: below their port, and in the USB plane while plugged."""

import itertools
from typing import Any

from runtime.engine.simulation import Simulation
from runtime.model.entry import Place
from runtime.model.identity import ROOT_ID, EntryId
from runtime.registry.tree import Registry


class Deaf:
    """A hub to which nobody listens."""

    def event(self, *_event: object) -> None:
        pass


def test_a_device_is_in_the_usb_plane_while_it_is_plugged() -> None:
    clock = itertools.count()
    registry = Registry(lambda: next(clock), lambda _change: None)
    resources = registry.attach(ROOT_ID, "IOResources", "IOResources")
    hub: Any = Deaf()
    simulation = Simulation(registry, hub, resources)
    before = registry.entry(ROOT_ID).retain
    entry = registry.entry(simulation.plug("sample"))
    assert entry.places == (Place("IOUSB", ROOT_ID, "", entry.location),)
    assert registry.entry(ROOT_ID).retain == before + 1
    gone, path, _providers = simulation.unplug("sample")
    simulation.remove(EntryId(gone), path)
    assert registry.entry(ROOT_ID).retain == before
