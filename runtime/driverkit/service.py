"""`IOService`: what a driver's class and its provider are.

Source: DriverKit's IOService.iig; out-parameters are results, errors are
`IOReturnError`. Invariant: the system calls a service on its Default queue only.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.driverkit.action import OSAction, inherit_callbacks
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnError,
    kIOReturnNotFound,
    kIOReturnUnsupported,
)
from runtime.driverkit.object import OSObject
from runtime.driverkit.transport import Transport, invoke
from runtime.model import properties
from runtime.model.properties import Properties, Value
from runtime.wire import methods

if TYPE_CHECKING:
    from runtime.driverkit.user_client import IOUserClient


@dataclass
class Entry:
    """A service's registry entry as this process was told of it."""

    id: int
    name: str
    properties: Properties = field(default_factory=dict)
    provider: "IOService | None" = None
    transport: Transport | None = None  # of the service; its provider's proxies have it too


class IOService(OSObject):
    """A driver's base class, and the base of every provider.

    The system makes the object, calls `init` once, then `Start`; on unplug, stop or upgrade
    `Stop` and then `free`. An exception that leaves any of them, other than `IOReturnError` in
    `Start`, is a crash: the process ends and the system starts it again.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        inherit_callbacks(cls)

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def Start(self, provider: "IOService") -> None:
        """Begin to drive `provider`; an override calls ``super().Start(provider)`` first.

        Raises:
            IOReturnError: (by an override) this provider cannot be driven; the next candidate
                is tried.
        """

    def Stop(self, provider: "IOService") -> None:
        """End driving `provider`, which may be gone; an override ends with ``super().Stop``."""

    def GetProvider(self) -> "IOService":
        """The provider that `Start` was given.

        Raises:
            IOReturnError: kIOReturnNotFound on an object that is itself a provider.
        """
        if self._entry.provider is None:
            raise IOReturnError(kIOReturnNotFound, f"{self._entry.name} is a provider itself")
        return self._entry.provider

    def GetRegistryEntryID(self) -> int:
        """The 64-bit id of this service's registry entry."""
        return self._entry.id

    def GetName(self) -> str:
        """The name of this service's registry entry."""
        return self._entry.name

    def CopyProperties(self) -> Properties:
        """A copy of the entry's properties, as of the launch and with what `SetProperties` set."""
        return dict(self._entry.properties)

    def CopyProviderProperties(self) -> Properties:
        """A copy of the provider's properties, as of the launch."""
        return self.GetProvider().CopyProperties()

    def SetProperties(self, values: Mapping[str, Value]) -> None:
        """Merge properties into the driver's own registry entry, where everybody sees them.

        Raises:
            IOReturnError: The runtime refused.
        """
        encoded = properties.encode(values)
        invoke(self._transport, 0, methods.SetProperties(encoded), type(None))
        self._entry.properties.update(properties.decode(encoded))

    def RegisterService(self) -> None:
        """Publish the service: others may match on it from now on.

        Raises:
            IOReturnError: The runtime refused.
        """
        invoke(self._transport, 0, methods.RegisterService(), type(None))

    def NewUserClient(self, type: int) -> "IOUserClient":  # noqa: A002 - DriverKit's name
        """A program opens the service: the user client for it, which `Create` makes.

            def NewUserClient(self, type):
                return self.Create(self, "UserClientProperties")

        The system has checked that the program may.

        Raises:
            IOReturnError: What the program gets; kIOReturnUnsupported unless overridden.
        """
        raise IOReturnError(
            kIOReturnUnsupported, f"{self._entry.name}: programs cannot open it (type {type})"
        )

    def Create(self, provider: "IOService", propertiesKey: str) -> "IOService":
        """Make the service that a dictionary among this one's properties describes, and start it.

        The dictionary's ``IOUserClass`` names a class of the driver's module. Here it is a user
        client, in `NewUserClient`.

        Args:
            provider: This service.
            propertiesKey: Of the dictionary, e.g. ``UserClientProperties`` in the personality.

        Raises:
            IOReturnError: kIOReturnBadArgument when there is no such dictionary or class,
                kIOReturnNotReady outside of `NewUserClient`; and what its `Start` raises.
        """
        table = self._entry.properties.get(propertiesKey)
        name = str(table.get("IOUserClass", "")) if isinstance(table, dict) else ""
        cls = getattr(sys.modules[type(self).__module__], name, None)
        if provider is not self or not isinstance(table, dict):
            raise IOReturnError(
                kIOReturnBadArgument, f"Create: expected itself and a dictionary {propertiesKey}"
            )
        if not (isinstance(cls, type) and issubclass(cls, IOService)):
            raise IOReturnError(
                kIOReturnBadArgument,
                f"{propertiesKey}: expected IOUserClass to be a service of "
                f"{type(self).__module__}, found {name or 'none'}",
            )
        made = cls(Entry(self._transport.new_entry(), name, table, self, self._transport))
        if not made.init():
            raise IOReturnError(kIOReturnError, f"{name}.init returned False")
        made.Start(self)
        return made

    def CreateAction(self, method: Callable[..., None], reference: object = None) -> OSAction:
        """An action that calls one of this service's typed callbacks.

        Args:
            method: A bound method declared with `callback`.
            reference: Anything; `OSAction.GetReference` returns it.

        Raises:
            TypeError: It is not declared so.
        """
        return OSAction(self, method, reference)

    def _default_queue(self) -> IODispatchQueue:
        made = self._entry.transport
        return super()._default_queue() if made is None else made.default_queue()

    @property
    def _transport(self) -> Transport:
        if self._entry.transport is None:
            raise RuntimeError(f"{self._entry.name}: expected the system to make it, found it free")
        return self._entry.transport
