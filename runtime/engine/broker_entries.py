"""What brokers' lives show: an entry for each below the root, and notes in the journal.

Runs in the event loop. Implements `runtime.supervisor.brokers.BrokerSurroundings`.
Invariant: an entry is there exactly as long as its process.
"""

from collections.abc import Callable

from runtime.engine.held import Held, HeldInterfaces
from runtime.model.broker_lifecycle import BrokerState
from runtime.model.entry import Kind
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.registry.tree import Registry
from runtime.supervisor.broker import BrokerProcess


class BrokerEntries:
    """Connects the supervisor's brokers with registry and journal."""

    def __init__(
        self, registry: Registry, held: HeldInterfaces, note: Callable[[str], None]
    ) -> None:
        self._registry = registry
        self._held = held
        self._note = note
        self._entries: dict[BrokerProcess, EntryId] = {}

    def broker_changed(self, device: EntryId, broker: BrokerProcess) -> None:
        """Show a broker from its making to its end."""
        entry = self._entries.get(broker)
        shown = _properties(device, broker)
        if broker.state is BrokerState.GONE:
            if entry is not None:
                self._registry.terminate(self._entries.pop(broker))
        elif entry is None:
            self._entries[broker] = self._registry.attach(
                ROOT_ID, broker.name, "DeviceBroker", kind=Kind.SERVER, pid=broker.pid, props=shown
            )
        else:
            self._registry.update(entry, pid=broker.pid)
            self._registry.merge_properties(entry, shown)

    def broker_lost(self, device: EntryId, why: str) -> None:
        """Write to the journal that a broker ended by itself."""
        del device
        self._note(f"{why}; its drivers start again with a new one")

    def held(self, interfaces: Held) -> None:
        """Remember them beyond this process."""
        self._held.keep(interfaces)


def _properties(device: EntryId, broker: BrokerProcess) -> Properties:
    return {
        "BrokerDevice": device,
        "BrokerState": broker.state.value,
        "BrokerPID": broker.pid,
        "BrokerSandbox": list(broker.applied),
    }
