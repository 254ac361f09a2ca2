"""What drivers say of their own entries, carried out: services, nubs and user clients.

Runs in the event loop.
Invariant: what a driver says never overwrites what its launch record says.
"""

import msgspec

from runtime.engine.power import PowerTree
from runtime.engine.published import SYSTEM_KEYS, Published
from runtime.engine.watches import Watches
from runtime.model import properties
from runtime.model.classes import chain
from runtime.model.entry import Entry, Kind
from runtime.model.errors import BreachError, ReturnError
from runtime.model.identity import SERVICE_PLANE, EntryId
from runtime.model.intent import Intent
from runtime.model.kern_return import IOReturn
from runtime.model.properties import Properties, Value
from runtime.model.records import Driver
from runtime.registry.mapping import plain
from runtime.registry.tree import Registry
from runtime.supervisor.supervisor import Supervisor
from runtime.wire import limits, methods, service

OWN_KEYS = SYSTEM_KEYS | {"IOClass", "IOUserClass"}
"""Properties that the runtime writes; a driver cannot change them."""


class OwnEntries:
    """Carries out the methods of drivers' own entries."""

    def __init__(
        self, registry: Registry, published: Published, watches: Watches, power: PowerTree
    ) -> None:
        self._registry = registry
        self._published = published
        self._watches = watches
        self._power = power
        self._supervisor: Supervisor | None = None

    def use(self, supervisor: Supervisor) -> None:
        """The drivers; called once."""
        self._supervisor = supervisor

    def started(self, driver: Driver) -> None:
        """A driver's Start returned: its service is in the power tree."""
        if self._registry.get(EntryId(driver.service)) is not None:
            self._power.started(driver)

    def remove(self, driver: Driver) -> None:
        """A driver's process is gone: take its service away, and with it what it published."""
        self._watches.forget(driver.id)
        self._power.leave(driver.id)
        self._registry.terminate(EntryId(driver.service))

    def ended(self, driver: Driver) -> None:
        """A driver is stopped or quarantined."""
        self._published.ended(driver)

    def carry_out(self, driver: Driver, entry: EntryId, method: methods.ServiceMethod) -> object:
        """Carry out a method of an entry of a driver; its result.

        Raises:
            BreachError: A driver may not say that.
            ReturnError: It is refused.
        """
        if self._registry.get(entry) is None:  # unplugged, and the driver does not know yet
            if method.RESULT is type(None):
                return None
            raise ReturnError(IOReturn.NOT_ATTACHED, f"{driver.name}: the entry is gone")
        match method:
            case service.Create():
                return self._published.create(driver, entry, method)
            case service.SearchProperty() | service.CopyProviderProperties():
                self._in_reach(entry, method.entry)
                return _bounded(properties.encode(self._found(method)))
            case service.GetBusyState():
                return self._in_reach(entry, method.entry).busy
            case service.AdjustBusy(delta=delta):
                self._adjust_busy(entry, delta)
            case service.WatchServices():
                self._watches.add(driver, method, self._published.registered())
            case service.UnwatchServices(watch=watch):
                self._watches.remove(driver, watch)
            case service.JoinPMTree():
                self._power.join(driver, entry)
            case service.ChangePowerState(flags=flags):
                self._power.change(driver, entry, flags)
            case _:
                self._change(driver, entry, method)
        return None

    def _change(self, driver: Driver, entry: EntryId, method: methods.ServiceMethod) -> None:
        match method:
            case methods.RegisterService():
                self._published.register(driver, entry)
            case methods.SetProperties():
                self._set_properties(entry, method)
            case methods.UserClientClosed(client=client):
                self._close_client(entry, EntryId(client))
            case service.SetName(name=name):
                self._registry.update(entry, name=plain(name))
            case service.RemoveProperty(name=name):
                if name in OWN_KEYS:
                    raise ReturnError(IOReturn.NOT_PERMITTED, f"{name} is the system's")
                table = properties.decode(self._registry.entry(entry).props)
                table.pop(name, None)
                self._registry.update(entry, props=properties.encode(table))
            case service.Terminate():
                self._terminate(driver, entry)

    def _terminate(self, driver: Driver, entry: EntryId) -> None:
        if entry != driver.service:
            self._registry.terminate(entry)
            return
        assert self._supervisor is not None
        note = "it has terminated itself"
        self._supervisor.find(driver.id).stop(Intent.STOP, note=note)

    def _set_properties(self, entry: EntryId, method: methods.SetProperties) -> None:
        wanted = properties.decode(method.properties)
        forbidden = OWN_KEYS.intersection(wanted)
        if forbidden:
            raise BreachError(f"driver: expected properties of its own, found {min(forbidden)}")
        size = len(memoryview(self._registry.entry(entry).props))
        if size + len(memoryview(method.properties)) > limits.PART:
            raise BreachError(f"driver: expected at most {limits.PART} bytes of properties")
        self._registry.merge_properties(entry, wanted)

    def _close_client(self, service_entry: EntryId, client: EntryId) -> None:
        entry = self._registry.get(client)
        if entry is None or entry.parent != service_entry or entry.kind == Kind.DRIVER:
            raise BreachError(f"driver: expected a client of its own, found entry {client:#x}")
        self._registry.terminate(client)

    def _adjust_busy(self, entry: EntryId, delta: int) -> None:
        busy = self._registry.entry(entry).busy
        if busy + delta < 0:
            raise ReturnError(
                IOReturn.BAD_ARGUMENT, f"busy: expected at most {busy} less, found {-delta}"
            )
        if delta:
            self._registry.adjust_busy(entry, delta)

    def _in_reach(self, own: EntryId, wanted: int) -> Entry:
        """An entry that is a driver's own, or above that; ReturnError for any other."""
        for entry in (self._registry.entry(own), *self._above(own, SERVICE_PLANE)):
            if entry.id == wanted:
                return entry
        raise ReturnError(
            IOReturn.NOT_PERMITTED, f"entry {wanted:#x}: expected the driver's own or one above it"
        )

    def _above(self, entry: EntryId, plane: str) -> list[Entry]:
        """The entries above one in a plane, nearest first; of several parents, the first."""
        found: list[Entry] = []
        at = self._registry.entry(entry)
        while parents := at.parents_in(plane):
            above = self._registry.get(EntryId(parents[0]))
            if above is None:
                break
            found.append(above)
            at = above
        return found

    def _found(self, method: service.SearchProperty | service.CopyProviderProperties) -> Properties:
        entry = EntryId(method.entry)
        if isinstance(method, service.CopyProviderProperties):
            up = (self._registry.entry(entry), *self._above(entry, SERVICE_PLANE))
            providers: list[Value] = [_selected(each, method.keys) for each in up]
            return {service.PROVIDERS: providers}
        searched = [self._registry.entry(entry)]
        if method.parents:
            searched += self._above(entry, method.plane)
        for each in searched:
            table = properties.decode(each.props)
            if method.name in table:
                return {method.name: table[method.name]}
        return {}


def _bounded(found: msgspec.Raw) -> msgspec.Raw:
    size = len(memoryview(found))
    if size > limits.TRANSFER:
        raise ReturnError(
            IOReturn.MESSAGE_TOO_LARGE,
            f"properties: expected at most {limits.TRANSFER} bytes, found {size}",
        )
    return found


def _selected(entry: Entry, keys: tuple[str, ...]) -> Properties:
    """An entry's properties, all or some, with its class chain as IOClass."""
    table = properties.decode(entry.props)
    table["IOClass"] = [*entry.user_classes, *chain(entry.cls)]
    return {key: table[key] for key in keys if key in table} if keys else table
