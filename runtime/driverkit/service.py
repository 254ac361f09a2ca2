"""`IOService`: what a driver's class and its provider are.

Source: DriverKit's IOService.iig; out-parameters are results, errors are
`IOReturnError`. Invariant: the system calls a service on its Default queue only.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.driverkit.action import OSAction, inherit_callbacks
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.entry import Entry
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnError,
    kIOReturnNotFound,
    kIOReturnUnsupported,
)
from runtime.driverkit.matching_dictionary import MatchingDictionaries
from runtime.driverkit.object import OSObject, class_chain
from runtime.driverkit.power import PowerMethods
from runtime.driverkit.reporting import ReportingMethods
from runtime.model.properties import Properties
from runtime.wire import service

if TYPE_CHECKING:
    from runtime.driverkit.user_client import IOUserClient


class IOService(OSObject, PowerMethods, ReportingMethods, MatchingDictionaries):
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

    def ClientCrashed(self, client: "IOService", options: int) -> None:
        """A driver whose provider this is has gone without a word; its calls are over.

        Args:
            client: The driver's service, a proxy without methods.
            options: 0: DriverKit defines none.
        """

    def GetProvider(self) -> "IOService":
        """The provider that `Start` was given.

        Raises:
            IOReturnError: kIOReturnNotFound on an object that is itself a provider.
        """
        if self._entry.provider is None:
            raise IOReturnError(kIOReturnNotFound, f"{self._entry.name} is a provider itself")
        return self._entry.provider

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

        The dictionary's ``IOUserClass`` names a class of the driver's module, ``IOClass`` the
        class that its entry shows. In `NewUserClient`, with a class of user clients, it is the
        program's. Else it is a nub: other drivers match on it once it has called
        `RegisterService`, and call its `remote` methods. It goes with `Terminate`, or with this
        service.

        Args:
            provider: This service.
            propertiesKey: Of the dictionary, e.g. ``UserClientProperties`` in the personality.

        Raises:
            IOReturnError: kIOReturnBadArgument when there is no such dictionary or class;
                kIOReturnNotPermitted when the extension is not entitled to the ``IOClass``;
                kIOReturnNotReady for a user client outside of `NewUserClient`; and what its
                `Start` raises.
        """
        cls, table = self._described(provider, propertiesKey)
        opened = self._transport.new_entry() if _is_user_client(cls) else 0
        chain = class_chain(cls)
        entry = opened or self._said(service.Create(propertiesKey, chain), int)
        made = cls(Entry(entry, chain[0], table, self, self._transport))
        if not opened:
            self._transport.publish(made)
        try:
            made._begin(self)
        except IOReturnError:
            if not opened:
                self._transport.withdraw(made)
                made._tell(service.Terminate())
            raise
        return made

    def Terminate(self, options: int = 0) -> None:
        """Have the service stopped: `Stop` and `free` follow later, on its queue.

        Of a nub: whatever drives it ends first. Of the driver's own service: the driver stops.

        Args:
            options: 0: DriverKit defines none.

        Raises:
            IOReturnError: kIOReturnUnsupported for options, kIOReturnNotPermitted on a proxy.
        """
        if options:
            raise IOReturnError(kIOReturnUnsupported, f"options: expected 0, found {options}")
        self._tell(service.Terminate())
        for nub in self._transport.withdraw(self):
            nub.CopyDispatchQueue().post("Stop", nub._stopped)

    def CreateAction(self, method: Callable[..., None], reference: object = None) -> OSAction:
        """An action that calls one of this service's typed callbacks.

        Args:
            method: A bound method declared with `callback`.
            reference: Anything; `OSAction.GetReference` returns it.

        Raises:
            TypeError: It is not declared so.
        """
        return OSAction(self, method, reference)

    def CreateDefaultDispatchQueue(self) -> IODispatchQueue:
        """The Default queue that the system made for this service."""
        return self._default_queue()

    def _described(self, provider: "IOService", key: str) -> "tuple[type[IOService], Properties]":
        """The class and the properties that a dictionary of this service's asks for."""
        table = self._entry.properties.get(key)
        if provider is not self or not isinstance(table, dict):
            raise IOReturnError(
                kIOReturnBadArgument, f"Create: expected itself and a dictionary {key}"
            )
        name = str(table.get("IOUserClass", ""))
        module = type(self).__module__
        cls = getattr(sys.modules[module], name, None)
        if not (isinstance(cls, type) and issubclass(cls, IOService)):
            raise IOReturnError(
                kIOReturnBadArgument,
                f"{key}: expected IOUserClass to be a service of {module}, found {name or 'none'}",
            )
        return cls, table

    def _begin(self, provider: "IOService") -> None:
        if not self.init():
            raise IOReturnError(kIOReturnError, f"{self._entry.name}.init returned False")
        self.Start(provider)

    def _stopped(self) -> None:
        self.Stop(self.GetProvider())
        self.free()

    def _default_queue(self) -> IODispatchQueue:
        made = self._entry.transport
        return super()._default_queue() if made is None else made.default_queue()


def _is_user_client(cls: type[IOService]) -> bool:
    return "IOUserClient" in class_chain(cls)
