"""The simulated bus in the registry: what of it can be driven, and its places."""

from typing import Any

from runtime.engine.simulation import Simulation
from runtime.model.entry import Holder, Kind, Place
from runtime.model.identity import ROOT_ID
from runtime.registry.tree import Registry


class Silent:
    """A hub that nobody listens to."""

    def event(self, *_told: object) -> None:
        """Take an event."""


def test_only_interfaces_wait_for_a_driver() -> None:
    """A device can be driven, too, but nothing is missing where it is not."""
    registry = Registry(lambda: 0, lambda _change: None)
    silent: Any = Silent()
    simulation = Simulation(registry, silent, ROOT_ID)
    plugged = simulation.plug("sample")
    devices = [entry for entry in registry.walk() if entry.kind == Kind.DEVICE]
    waiting = {entry.id for entry in devices if entry.holder == Holder.NOBODY}
    assert waiting == {entry.id for entry in devices if simulation.provides(entry.id)} - {plugged}
    assert simulation.provides(plugged)
    assert waiting <= set(registry.children(plugged))
    assert waiting


def test_a_device_is_in_the_usb_plane_while_it_is_plugged() -> None:
    registry = Registry(lambda: 0, lambda _change: None)
    silent: Any = Silent()
    simulation = Simulation(registry, silent, ROOT_ID)
    before = registry.entry(ROOT_ID).retain
    entry = registry.entry(simulation.plug("sample"))
    assert entry.places == (Place("IOUSB", ROOT_ID, "", entry.location),)
    assert registry.entry(ROOT_ID).retain == before + 1
    gone, path, _providers = simulation.unplug("sample")
    simulation.remove(gone, path)
    assert registry.entry(ROOT_ID).retain == before
