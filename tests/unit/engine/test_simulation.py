"""What of the simulated bus can be driven."""

from typing import Any

from runtime.engine.simulation import Simulation
from runtime.model.entry import Holder, Kind
from runtime.model.identity import ROOT_ID
from runtime.registry.tree import Registry


class Silent:
    """A hub that nobody listens to."""

    def event(self, *_told: object) -> None:
        """Take an event."""


def test_only_what_is_provided_waits_for_a_driver() -> None:
    registry = Registry(lambda: 0, lambda _change: None)
    silent: Any = Silent()
    simulation = Simulation(registry, silent, ROOT_ID)
    plugged = simulation.plug("sample")
    devices = [entry for entry in registry.walk() if entry.kind == Kind.DEVICE]
    waiting = {entry.id for entry in devices if entry.holder == Holder.NOBODY}
    assert waiting == {entry.id for entry in devices if simulation.provides(entry.id)}
    assert waiting <= set(registry.children(plugged))
    assert waiting
