"""One service in the driver process: made, started, given its completions, stopped.

It is also the SDK's transport for it and its provider. Everything here but `call` runs on its
Default queue.
Invariant: every call of the runtime is answered once, or the process ends with an epitaph.
"""

import contextlib
import functools
import itertools
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from runtime.driverkit import hid, usb
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.entry import Entry
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.object import class_chain
from runtime.driverkit.service import IOService
from runtime.driverkit.usb_requests import USBRequests
from runtime.host import libraries
from runtime.host.activity import calling
from runtime.host.connection import Connection
from runtime.host.direct import DirectNode
from runtime.host.lines import Incoming, ProviderLost
from runtime.host.nubs import Nubs
from runtime.host.queues import DefaultQueue
from runtime.host.rest import Rest
from runtime.host.user_clients import UserClients
from runtime.model import properties
from runtime.model.errors import BreachError
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, driver, methods, service
from runtime.wire import usb as wire_usb
from runtime.wire.limits import OUTSTANDING, TEXT

_PROVIDERS = usb.PROVIDERS | hid.PROVIDERS

_is_lent: codec.Decoder[bool] = codec.Decoder(bool, "OpenDirect")


class _Expected(NamedTuple):
    """An asynchronous I/O that has not ended."""

    name: str
    queue: IODispatchQueue
    done: Callable[[methods.Completion], None]
    repeated: bool


class Instance:
    """A service of the driver's class on one provider.

    Args:
        attach: What the runtime said of it.
        cls: The driver's class.
        connection: To the runtime, and to the provider.
        queue: Its Default queue, on which this is called.
        gone: Called when it is stopped, or its Start failed: nothing comes for it any more. True:
            another driver is its provider.
        die: Ends the process for an exception on a thread of ours.
    """

    def __init__(
        self,
        attach: driver.Attach,
        cls: type[IOService],
        connection: Connection,
        queue: DefaultQueue,
        gone: Callable[[bool], None],
        *,
        die: Callable[[BaseException], object],
    ) -> None:
        self._id = attach.service
        self._direct = attach.direct
        self._connection = connection
        self._queue = queue
        self._told_gone = gone
        self._die = die
        self._node: DirectNode | None = None
        self._numbers = itertools.count(1)
        self._lending = threading.Lock()
        self._expected: dict[int, _Expected] = {}
        self._published = bool(attach.provider_classes)
        kind = _PROVIDERS.get(attach.provider_class) or _proxy_class(cls, attach.provider_classes)
        table = properties.decode(attach.provider_properties)
        name = attach.provider_name
        self._provider = kind(Entry(attach.provider, name, table, transport=self, remote=True))
        own = properties.decode(attach.properties)
        self._service = cls(Entry(self._id, attach.user_class, own, self._provider, self))
        self._rest = Rest(self, is_usb=isinstance(self._provider, USBRequests))
        libraries.offer(self._service, self)
        self._nubs = Nubs(self._service, self)
        self._clients = UserClients(self._service, queue, self._nubs, self._told_closed)
        self._watches: dict[int, Callable[[driver.ServiceNotification], None]] = {}
        connection.send(driver.Attached(self._id, class_chain(cls)))

    def handle(self, packet: Incoming) -> None:
        """Carry out one packet.

        Raises:
            BreachError: The packet has no place here.
            Exception: What the driver's own code raised.
        """
        match packet:
            case driver.Call(number=number, method=methods.Start()):
                self._start(number)
            case driver.Call(number=number, method=methods.Stop()):
                self._stop(number)
            case driver.Call(number=number, method=methods.NewUserClient() as wanted):
                self._open(number, wanted)
            case driver.Call(number=number, method=service.SetPowerState() as change):
                self._set_power(number, change)
            case driver.Call(number=number, method=service.ServeClient() as client):
                sock = socket.socket(fileno=self._connection.take_client(client.client))
                self._nubs.serve(client, sock)
                self._connection.send(driver.Reply(number, codec.raw(None)))
            case driver.ServiceNotification(watch=watch):
                if watch in self._watches:  # else it was cancelled meanwhile
                    self._watches[watch](packet)
            case driver.Complete():
                self._complete(packet)
            case ProviderLost():
                self._provider_lost()
            case _:
                raise BreachError(f"packet: expected one for a driver, found {packet}")

    def _start(self, number: int) -> None:
        try:
            self._queue.run("init", self._init)
            self._queue.run("Start", lambda: self._service.Start(self._provider))
        except IOReturnError as error:
            self._gone()
            self._connection.send(driver.Fail(number, error.code, error.text[:TEXT]))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._connection.send(driver.Fail(number, IOReturn.ERROR, text[:TEXT]))
            raise
        else:
            self._connection.send(driver.Reply(number, codec.raw(None)))

    def _init(self) -> None:
        if not self._service.init():
            name = type(self._service).__name__
            raise IOReturnError(IOReturn.ERROR, f"{name}.init returned False")

    def _open(self, number: int, wanted: methods.NewUserClient) -> None:
        program = self._connection.take_client(wanted.client)
        try:
            chain = self._clients.open(wanted, socket.socket(fileno=program))
        except IOReturnError as error:
            self._connection.send(driver.Fail(number, error.code, error.text[:TEXT]))
        else:
            self._connection.send(driver.Reply(number, codec.raw(chain)))

    def _set_power(self, number: int, change: service.SetPowerState) -> None:
        nub = self._nubs.get(change.entry)
        try:
            if nub is self._service:
                self._rest.before(change.flags, self._node)
            if nub is not None:
                work = functools.partial(nub.SetPowerState, change.flags)
                self._queue.run("SetPowerState", lambda: nub.CopyDispatchQueue().DispatchSync(work))
            if nub is self._service:
                self._rest.after(change.flags, self._node)
        except IOReturnError as error:
            self._connection.send(driver.Fail(number, error.code, error.text[:TEXT]))
        else:
            self._connection.send(driver.Reply(number, codec.raw(None)))

    def _stop(self, number: int) -> None:
        self._clients.close()
        self._nubs.close()
        self._queue.run("Stop", lambda: self._service.Stop(self._provider))
        self._queue.run("free", self._service.free)
        libraries.withdraw(self._service)
        self._gone()
        self._connection.send(driver.Reply(number, codec.raw(None)))

    def _told_closed(self, client: int) -> None:
        with contextlib.suppress(IOReturnError):  # the service is over, and so is its client
            self.call(0, methods.UserClientClosed(client))

    def _complete(self, packet: driver.Complete) -> None:
        expected = self._expected.get(packet.action)
        if expected is None:
            raise BreachError(f"completion: expected one of an open I/O, found {packet.action}")
        if not expected.repeated:
            del self._expected[packet.action]
        self._dispatch(expected, packet.completion)

    def _provider_lost(self) -> None:
        """Every I/O that is open ends, in the order in which it was queued."""
        if self._node is not None:
            self._node.close(IOReturn.OFFLINE)
        while self._expected:
            expected = self._expected.pop(next(iter(self._expected)))
            end = methods.CompleteAsyncIO(IOReturn.OFFLINE, 0, time.monotonic_ns())
            self._dispatch(expected, end)

    def _dispatch(self, expected: _Expected, completion: methods.Completion) -> None:
        work = functools.partial(expected.done, completion)
        if expected.queue is self._queue:
            self._queue.run(expected.name, work)
        else:
            expected.queue.post(expected.name, work)

    def _gone(self) -> None:
        if self._node is not None:
            self._node.close()
        self._told_gone(self._published)

    # --- the SDK's transport ---------------------------------------------------------------

    def call(self, handle: int, method: methods.Method) -> msgspec.Raw:
        """See `Transport.call`."""
        with calling():
            return self._connection.call(self._id, handle, method)

    def begin(self, handle: int, method: methods.AsyncIO) -> None:
        """See `Transport.begin`."""
        if len(self._expected) > OUTSTANDING:
            text = f"transfer: expected at most {OUTSTANDING} under way, found more"
            raise IOReturnError(IOReturn.NO_RESOURCES, text)
        with calling():
            self._connection.begin(self._id, handle, method)

    def expect(
        self,
        name: str,
        queue: IODispatchQueue,
        done: Callable[[methods.Completion], None],
        *,
        repeated: bool = False,
    ) -> int:
        """See `Transport.expect`."""
        number = next(self._numbers)
        self._expected[number] = _Expected(name, queue, done, repeated)
        return number

    def forget(self, number: int) -> None:
        """See `Transport.forget`."""
        self._expected.pop(number, None)

    def lent(self, method: methods.Method) -> tuple[msgspec.Raw, int]:
        """See `Transport.lent`."""
        with self._lending:  # descriptors come in the order of the answers that they are beside
            result = self.call(0, method)
            return result, self._connection.take_node(self._id)

    def open_direct(self) -> DirectNode | None:
        """See `Transport.open_direct`."""
        with self._lending:
            if not (self._direct and _is_lent(self.call(0, wire_usb.OpenDirect()))):
                return None
            self._node = DirectNode(self._connection.take_node(self._id), self._die)
        return self._node

    def watch(self, heard: Callable[[driver.ServiceNotification], None]) -> int:
        """See `Transport.watch`."""
        number = next(self._numbers)
        self._watches[number] = heard
        return number

    def unwatch(self, number: int) -> None:
        """See `Transport.unwatch`."""
        self._watches.pop(number, None)

    def publish(self, nub: IOService) -> None:
        """See `Transport.publish`."""
        self._nubs.add(nub)

    def withdraw(self, service: IOService) -> tuple[IOService, ...]:
        """See `Transport.withdraw`."""
        return self._nubs.remove(service)

    def new_entry(self) -> int:
        """See `Transport.new_entry`."""
        return self._clients.new_entry()

    def default_queue(self) -> IODispatchQueue:
        """See `Transport.default_queue`."""
        return self._queue


def _proxy_class(cls: type[IOService], published: tuple[str, ...]) -> type[IOService]:
    """The class of a driver's module that declares what its provider, another driver, offers."""
    module = sys.modules[cls.__module__]
    for name in published:
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, IOService):
            return found
    return IOService
