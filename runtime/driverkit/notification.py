"""`IOServiceNotificationDispatchSource`: services that match a dictionary, coming and going.

    matching = IOService.CreateUserClassMatchingDictionary("Meter")
    self.meters = IOServiceNotificationDispatchSource.Create(matching, 0, self.CopyDispatchQueue())
    self.meters.SetHandler(self.CreateAction(self.Ready))

    @callback(IOServiceNotificationDispatchSource.ServiceNotificationReady)
    def Ready(self, action):
        self.meters.DeliverNotifications(self.Seen)

As in DriverKit, a driver is told of the services of its own server alone: those whose extension
and ``IOUserServerName`` are its own.
Source: DriverKit's IOServiceNotificationDispatchSource.iig; xnu IOUserServer.cpp, of the same name.
Invariant: each service's coming is delivered before its going, and each exactly once.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.entry import Entry
from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument, kIOReturnNotPermitted
from runtime.driverkit.service import IOService
from runtime.driverkit.sources import IODispatchSource
from runtime.driverkit.transport import Transport, invoke, process
from runtime.model import properties
from runtime.model.properties import Value
from runtime.wire import service
from runtime.wire.driver import ServiceNotification

kIOServiceNotificationTypeTerminated = 0
"""The service has gone."""
kIOServiceNotificationTypeMatched = 1
"""The service is registered and matches; those that were there already are told first."""

Deliver = Callable[[int, IOService, int], None]
"""`(type, service, options)`: the service is a proxy, options are 0."""


class _Told(NamedTuple):
    kind: int
    service: IOService


class IOServiceNotificationDispatchSource(IODispatchSource):
    """Keeps what has come and gone until `DeliverNotifications` takes it."""

    ServiceNotificationReady: ClassVar[CallbackType[[]]] = CallbackType(
        "IOServiceNotificationDispatchSource::ServiceNotificationReady"
    )
    """`(action)`: there is something to deliver, and was not before."""

    def __init__(self, queue: IODispatchQueue, transport: Transport) -> None:
        super().__init__(queue)
        self._handler: OSAction | None = None
        self._told: deque[_Told] = deque()
        self._transport = transport
        self._watch = transport.watch(self._heard)

    @staticmethod
    def Create(
        matching: Mapping[str, Value], options: int, queue: IODispatchQueue
    ) -> "IOServiceNotificationDispatchSource":
        """Watch for services; called on a queue of the service that will be told.

        Args:
            matching: E.g. of `IOService.CreateUserClassMatchingDictionary`.
            options: 0: DriverKit defines none.
            queue: For the handlers of `Cancel` and `SetEnableWithCompletion`.

        Raises:
            IOReturnError: kIOReturnBadArgument, options or an empty dictionary;
                kIOReturnNotPermitted, no service calls; kIOReturnNoResources, too many watches.
        """
        if options or not matching:
            raise IOReturnError(
                kIOReturnBadArgument,
                f"Create: expected a dictionary and options 0, found {dict(matching)}, {options}",
            )
        transport = process().current_transport()
        if transport is None:
            raise IOReturnError(
                kIOReturnNotPermitted, "Create: expected to run on a service's queue"
            )
        source = IOServiceNotificationDispatchSource(queue, transport)
        try:
            watch = service.WatchServices(source._watch, properties.encode(matching))
            invoke(transport, 0, watch, type(None))
        except IOReturnError:
            transport.unwatch(source._watch)
            raise
        return source

    def SetHandler(self, action: OSAction) -> None:
        """Call this action of type `ServiceNotificationReady`; at once if something is there.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
        """
        action.expect(self.ServiceNotificationReady, "SetHandler")
        self._handler = action
        if self._told:
            self._deliver(action)

    def DeliverNotifications(self, deliver: Deliver) -> None:
        """Call `deliver` with each that has come or gone since, the oldest first."""
        while (told := self._next()) is not None:
            deliver(told.kind, told.service, 0)

    def _next(self) -> _Told | None:
        with self._lock:
            return self._told.popleft() if self._told else None

    def _heard(self, news: ServiceNotification) -> None:
        table = properties.decode(news.properties)
        proxy = IOService(
            Entry(news.entry, news.name, table, transport=self._transport, remote=True)
        )
        kind = (
            kIOServiceNotificationTypeMatched
            if news.matched
            else kIOServiceNotificationTypeTerminated
        )
        with self._lock:
            first = not self._told
            self._told.append(_Told(kind, proxy))
        if first and self._handler is not None:
            self._deliver(self._handler)

    def _release(self) -> None:
        if self._watch:
            self._transport.unwatch(self._watch)
            invoke(self._transport, 0, service.UnwatchServices(self._watch), type(None))
            self._watch = 0
