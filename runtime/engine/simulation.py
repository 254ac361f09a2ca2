"""The simulated family in the registry: plugged devices as entries, entries as providers.

Runs in the event loop.
Invariant: an entry is a provider here exactly as long as its device is plugged.
"""

from runtime.engine.hub import Hub
from runtime.families.simulated.bus import Attachment, Node, SimulatedBus
from runtime.model.entry import Kind
from runtime.model.events import Plugged as PluggedEvent
from runtime.model.events import Unplugged as UnpluggedEvent
from runtime.model.identity import EntryId
from runtime.registry.tree import Registry
from runtime.supervisor.ports import Complete, ProviderSession


class Simulation:
    """The simulated controller and what is plugged into it."""

    def __init__(self, registry: Registry, hub: Hub, below: EntryId) -> None:
        """Attach the controller with its ports below an entry."""
        self._registry = registry
        self._hub = hub
        self._bus = SimulatedBus()
        self._ports: list[EntryId] = []
        self._entries: dict[int, EntryId] = {}
        self._providers: dict[EntryId, tuple[Attachment, int]] = {}
        node = self._bus.node()
        self._controller = self._attach_one(below, node)
        for port in node.children:
            self._ports.append(self._attach_one(self._controller, port))

    def plug(self, model: str) -> EntryId:
        """Plug a device in; its entries are registered when this returns.

        Raises:
            ProblemError: No such model, or no free port.
        """
        attachment = self._bus.plug(model)
        entry = self._attach(self._ports[attachment.port - 1], attachment.node(), attachment)
        self._entries[attachment.port] = entry
        record = self._registry.entry(entry)
        detail = PluggedEvent(record.name, record.cls)
        self._hub.event(detail, entry, self._registry.path(entry))
        return entry

    def unplug(self, model: str) -> tuple[EntryId, str, list[EntryId]]:
        """Unplug the device of a model that was plugged last.

        Its outstanding transfers are aborted when this returns; its entries stand until
        `remove`, so that drivers on the returned providers can be stopped first. Returns the
        device's entry, its path, and its providers.

        Raises:
            ProblemError: None is plugged.
        """
        attachment = self._bus.unplug(model)
        entry = self._entries.pop(attachment.port)
        providers = [key for key, (owner, _) in self._providers.items() if owner is attachment]
        for provider in providers:
            del self._providers[provider]
        return entry, self._registry.path(entry), providers

    def remove(self, entry: EntryId, path: str) -> None:
        """Take an unplugged device out of the tree."""
        record = self._registry.entry(entry)
        self._registry.terminate(entry)
        self._hub.event(UnpluggedEvent(record.name, record.cls), entry, path)

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry is one of this family's providers, plugged in."""
        return entry in self._providers

    def open_session(self, entry: EntryId, complete: Complete) -> ProviderSession:
        """Let one driver process at a provider.

        Raises:
            KeyError: The entry is none of this family's; the caller has a defect.
        """
        attachment, interface = self._providers[entry]
        return attachment.open_session(interface, complete)

    def _attach(self, parent: EntryId, node: Node, attachment: Attachment) -> EntryId:
        entry = self._attach_one(parent, node)
        if node.interface >= 0:
            self._providers[entry] = (attachment, node.interface)
        for child in node.children:
            self._attach(entry, child, attachment)
        return entry

    def _attach_one(self, parent: EntryId, node: Node) -> EntryId:
        return self._registry.attach(
            parent,
            node.name,
            node.cls,
            location=node.location,
            kind=Kind.DEVICE,
            props=node.properties,
        )
