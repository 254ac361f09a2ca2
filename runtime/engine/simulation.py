"""The simulated family in the registry: plugged devices as entries, entries as providers.

Runs in the event loop.
Invariant: an entry is a provider here exactly as long as its device is plugged.
"""

from typing import NamedTuple

import msgspec

from runtime.engine.hub import Hub
from runtime.families.recorded.device import RecordedDevice
from runtime.families.recorded.recording import Recording
from runtime.families.simulated.bus import Attachment, SimulatedBus
from runtime.families.simulated.nodes import Node
from runtime.linux import memfd
from runtime.matching.usb import DEVICE_CLASS
from runtime.model.entry import Holder, Kind
from runtime.model.entry import Place as Position
from runtime.model.errors import ProblemError
from runtime.model.events import Plugged as PluggedEvent
from runtime.model.events import Unplugged as UnpluggedEvent
from runtime.model.identity import ROOT_ID, EntryId
from runtime.registry.positions import USB_PLANE
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place
from runtime.wire.broker import Serve, ServeRecorded
from runtime.wire.usb import WHOLE_DEVICE


class _Provider(msgspec.Struct, frozen=True):
    attachment: Attachment
    place: Place


class Unplugged(NamedTuple):
    """A device that was unplugged: its entry, its path, and its providers."""

    entry: EntryId
    path: str
    providers: list[EntryId]


class Simulation:
    """The simulated controller and what is plugged into it."""

    def __init__(self, registry: Registry, hub: Hub, below: EntryId) -> None:
        """Attach the controller with its ports below an entry."""
        self._registry = registry
        self._hub = hub
        self._bus = SimulatedBus()
        self._ports: list[EntryId] = []
        self._entries: dict[int, EntryId] = {}
        self._providers: dict[EntryId, _Provider] = {}
        node = self._bus.node()
        self._controller = self._attach_one(below, node)
        for port in node.children:
            self._ports.append(self._attach_one(self._controller, port))

    def plug(self, model: str) -> EntryId:
        """Plug a device in; its entries are registered when this returns.

        Raises:
            ProblemError: No such model, or no free port.
        """
        return self._plug(self._bus.plug(model), Serve(model))

    def plug_recorded(self, name: str, recording: Recording, whole: memfd.Shared) -> EntryId:
        """Plug a recorded device in, which `name` unplugs; `whole` has its transfers too.

        Raises:
            ProblemError: No free port.
        """
        attachment = self._bus.attach(name, RecordedDevice(recording))
        return self._plug(attachment, ServeRecorded(), whole)

    def _plug(
        self,
        attachment: Attachment,
        serve: Serve | ServeRecorded,
        recording: memfd.Shared | None = None,
    ) -> EntryId:
        entry = self._attach_device(attachment, serve, recording)
        self._entries[attachment.port] = entry
        record = self._registry.entry(entry)
        detail = PluggedEvent(record.name, record.cls)
        self._hub.event(detail, entry, self._registry.path(entry))
        return entry

    def unplug(self, model: str) -> Unplugged:
        """Unplug the device of a model that was plugged last.

        Its entries stand until `remove`, so that drivers on its providers can be stopped first.

        Raises:
            ProblemError: None is plugged.
        """
        return self._unplugged(self._bus.unplug(model))

    def unplug_entry(self, entry: EntryId) -> Unplugged:
        """`unplug` the device that an entry is, or is a part of.

        Raises:
            ProblemError: It is no part of one.
        """
        ports = {device: port for port, device in self._entries.items()}
        above = entry
        while above not in ports and (record := self._registry.get(above)) is not None:
            above = EntryId(record.parent)
        if above not in ports:
            raise ProblemError(
                "not-found",
                f"entry {entry:#x}: expected a simulated or recorded device, found another",
            )
        return self._unplugged(self._bus.take(ports[above]))

    def _unplugged(self, attachment: Attachment) -> Unplugged:
        entry = self._entries.pop(attachment.port)
        providers = [key for key, one in self._providers.items() if one.attachment is attachment]
        for provider in providers:
            del self._providers[provider]
        return Unplugged(entry, self._registry.path(entry), providers)

    def remove(self, entry: EntryId, path: str) -> None:
        """Take an unplugged device out of the tree."""
        record = self._registry.entry(entry)
        self._registry.terminate(entry)
        self._hub.event(UnpluggedEvent(record.name, record.cls), entry, path)

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry is one of this family's providers, plugged in."""
        return entry in self._providers

    def place(self, entry: EntryId) -> Place:
        """A provider as a broker reaches it.

        Raises:
            KeyError: The entry is none of this family's; the caller has a defect.
        """
        return self._providers[entry].place

    def _attach_device(
        self,
        attachment: Attachment,
        serve: Serve | ServeRecorded,
        recording: memfd.Shared | None,
    ) -> EntryId:
        node = attachment.node()
        device = self._attach_one(self._ports[attachment.port - 1], node)
        self._registry.place(device, (Position(USB_PLANE, ROOT_ID, "", node.location),))
        if node.cls == DEVICE_CLASS:
            whole = Place(device, node.name, WHOLE_DEVICE, serve, recording=recording)
            self._providers[device] = _Provider(attachment, whole)
        for child in node.children:
            place = Place(device, node.name, child.interface, serve, recording=recording)
            provider = self._attach_one(device, child, Holder.NOBODY)
            self._providers[provider] = _Provider(attachment, place)
        return device

    def _attach_one(
        self, parent: EntryId, node: Node, holder: Holder = Holder.UNDRIVABLE
    ) -> EntryId:
        return self._registry.attach(
            parent,
            node.name,
            node.cls,
            location=node.location,
            kind=Kind.DEVICE,
            holder=holder,
            props=node.properties,
        )
