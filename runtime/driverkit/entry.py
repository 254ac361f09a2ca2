"""A service's registry entry: what a process knows of it, and the calls that are about it.

Source: DriverKit's IOService.iig, whose out-parameters are results here.
Invariant: an entry that is not the driver's own is never changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec

from runtime.driverkit import kern_return
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotFound,
    kIOReturnNotPermitted,
)
from runtime.driverkit.transport import Transport, invoke
from runtime.model import properties
from runtime.model.properties import Properties, Value
from runtime.wire import methods, service
from runtime.wire.limits import NAME

if TYPE_CHECKING:
    from runtime.driverkit.service import IOService

T = TypeVar("T")

kIOServiceSearchPropertyParents = 1
"""Option of `SearchProperty`: look at the service, then at all that are above it in the plane."""


@dataclass
class Entry:
    """A service's registry entry as this process was told of it."""

    id: int
    name: str
    properties: Properties = field(default_factory=dict)
    provider: "IOService | None" = None
    transport: Transport | None = None  # of the service; its provider's proxies have it too
    remote: bool = False  # the object is a proxy: the service itself is somewhere else


class EntryMethods:
    """What `IOService` says of its entry, and asks of those above it."""

    _entry: Entry

    def GetRegistryEntryID(self) -> int:
        """The 64-bit id of this service's registry entry."""
        return self._entry.id

    def GetName(self) -> str:
        """The name of this service's registry entry."""
        return self._entry.name

    def CopyName(self) -> str:
        """DriverKit's `GetName`."""
        return self._entry.name

    def SetName(self, name: str) -> None:
        """Name this service's registry entry (1 to 256 characters).

        Raises:
            IOReturnError: kIOReturnBadArgument, kIOReturnNotPermitted on a proxy.
        """
        if not 0 < len(name) <= NAME:
            raise IOReturnError(
                kIOReturnBadArgument, f"name: expected 1 to {NAME} characters, found {len(name)}"
            )
        self._tell(service.SetName(name))
        self._entry.name = name

    def CopyProperties(self) -> Properties:
        """A copy of the entry's properties, as of the launch and with what `SetProperties` set."""
        return dict(self._entry.properties)

    def SetProperties(self, values: Mapping[str, Value]) -> None:
        """Merge properties into the driver's own registry entry, where everybody sees them.

        Raises:
            IOReturnError: kIOReturnNotPermitted on a proxy; the runtime refused.
        """
        encoded = properties.encode(values)
        self._tell(methods.SetProperties(encoded))
        self._entry.properties.update(properties.decode(encoded))

    def RemoveProperty(self, propertyName: str) -> None:
        """Take a property off the entry; one that is not there is none.

        Raises:
            IOReturnError: kIOReturnNotPermitted on a proxy, and for what the system writes.
        """
        self._tell(service.RemoveProperty(propertyName))
        self._entry.properties.pop(propertyName, None)

    def SearchProperty(self, name: str, plane: str = "IOService", options: int = 0) -> Value:
        """A property of the entry as it is now.

        Args:
            name: Of the property.
            plane: In which the entries above are looked for.
            options: 0 or `kIOServiceSearchPropertyParents`.

        Raises:
            IOReturnError: kIOReturnNotFound, there is none; kIOReturnNotPermitted, the entry is
                neither the driver's own nor above it; kIOReturnMessageTooLarge.
        """
        parents = bool(options & kIOServiceSearchPropertyParents)
        method = service.SearchProperty(self._entry.id, name, plane, parents)
        found = properties.decode(self._ask(method, msgspec.Raw))
        if name not in found:
            raise IOReturnError(kIOReturnNotFound, f"{self._entry.name}: no property {name}")
        return found[name]

    def CopyProviderProperties(self, propertyKeys: Sequence[str] | None = None) -> list[Properties]:
        """Properties of this service and of every provider above it, in this order, as of now.

        Each dictionary has the class chain in ``IOClass``, if that is not left out.

        Args:
            propertyKeys: These alone (at most 64); None: all.

        Raises:
            IOReturnError: kIOReturnBadArgument; kIOReturnMessageTooLarge, over 65,536 bytes: name
                keys; kIOReturnNotPermitted as `SearchProperty`.
        """
        keys = tuple(propertyKeys or ())
        if len(keys) > service.KEYS or (propertyKeys is not None and not keys):
            raise IOReturnError(
                kIOReturnBadArgument, f"keys: expected 1 to {service.KEYS}, found {len(keys)}"
            )
        method = service.CopyProviderProperties(self._entry.id, keys)
        found = properties.decode(self._ask(method, msgspec.Raw))[service.PROVIDERS]
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def RegisterService(self) -> None:
        """Publish the service: drivers may match on it from now on, and be its clients.

        Raises:
            IOReturnError: kIOReturnNotPermitted on a proxy; the runtime refused.
        """
        self._tell(methods.RegisterService())

    def AdjustBusy(self, delta: int) -> None:
        """Change the busy count; from and to 0 the provider's changes too, and so on upwards.

        Raises:
            IOReturnError: kIOReturnBadArgument, it would be below 0 or the step is over 32,768;
                kIOReturnNotPermitted on a proxy.
        """
        if abs(delta) > service.BUSY:
            raise IOReturnError(
                kIOReturnBadArgument, f"delta: expected at most {service.BUSY}, found {delta}"
            )
        self._tell(service.AdjustBusy(delta))

    def GetBusyState(self) -> int:
        """The busy count.

        Raises:
            IOReturnError: kIOReturnNotPermitted as `SearchProperty`.
        """
        return self._ask(service.GetBusyState(self._entry.id), int)

    def StringFromReturn(self, retval: int) -> str:
        """The name of a return code, e.g. ``kIOReturnNotOpen``; in hex where it has none."""
        return kern_return.StringFromReturn(retval)

    # --- the way to the runtime ------------------------------------------------------------

    def _tell(self, method: methods.Method) -> None:
        """Speak of this entry, which has to be the driver's own."""
        self._said(method, type(None))

    def _said(self, method: methods.Method, kind: type[T]) -> T:
        if self._entry.remote:
            raise IOReturnError(
                kIOReturnNotPermitted,
                f"{self._entry.name}: expected a service of this driver, found a proxy",
            )
        return invoke(self._transport, self._entry.id, method, kind)

    def _ask(self, method: methods.Method, kind: type[T]) -> T:
        """Ask about an entry that the method names."""
        return invoke(self._transport, 0, method, kind)

    @property
    def _transport(self) -> Transport:
        if self._entry.transport is None:
            raise RuntimeError(f"{self._entry.name}: expected the system to make it, found it free")
        return self._entry.transport
