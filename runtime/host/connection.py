"""The control and provider sockets of a driver process, shared by its queues' threads.

Whoever waits for a packet and finds nobody reading becomes the reader, puts what comes where it
belongs, and wakes the others: a queue that waits for a reply never needs another one to be idle.
What a provider sent is handled before what the runtime sent after it.
Invariant: one thread reads at a time; a reply reaches exactly the call that it answers.
"""

import contextlib
import errno
import itertools
import socket
import threading
from collections.abc import Callable
from typing import get_args

import msgspec

from runtime.driverkit.kern_return import IOReturnError, kIOReturnOffline
from runtime.host.lines import Arrived, Inbox, Incoming, Line, Lines, ProviderLost
from runtime.linux.sockets import send_packet
from runtime.model.errors import BreachError
from runtime.wire import codec, driver
from runtime.wire.methods import AsyncIO, Method, NewUserClient, ServiceMethod
from runtime.wire.service import ServeClient

_OWN = frozenset(get_args(ServiceMethod))
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EAGAIN)  # EAGAIN: it is let go, with a goodbye


class Connection:
    """Packets out from any thread; replies to their callers, all else to the Default queues.

    Args:
        control: The socket; owned from now on.
        leave: Ends the process with an exit code when the runtime is gone.

    Attributes:
        inbox: What is for no service, and in a process that is not shared for its only one.
    """

    def __init__(self, control: socket.socket, leave: Callable[[int], object]) -> None:
        self.inbox = Inbox()
        self._control = control
        self._leave = leave
        self._lock = threading.RLock()
        self._turn = threading.Condition(self._lock)
        self._asleep = 0  # threads that wait for their turn
        self._reading = False
        self._wanted = False  # by an idle queue
        self._shared = False
        self._numbers = itertools.count(1)
        self._lines = Lines(control, leave)
        self._services: dict[int, Line] = {}
        self._clients: dict[int, int] = {}  # descriptors, by the client that they are for
        self._waiting: dict[int, Line | None] = {}  # whose provider answers; None: the runtime
        self._replies: dict[int, driver.Reply | driver.Fail] = {}

    def send(self, message: driver.ToRuntime) -> None:
        """Send one packet; waits while the runtime's buffer is full."""
        try:
            send_packet(self._control, codec.encode(message))
        except (BrokenPipeError, ConnectionResetError):
            self._leave(1)

    def call(self, service: int, handle: int, method: Method) -> msgspec.Raw:
        """Call a method of a service's provider, or of its own entry; the result, encoded.

        Raises:
            IOReturnError: It failed; kIOReturnOffline when the provider cannot be reached.
        """
        own = type(method) in _OWN
        with self._lock:
            line = self._services.get(service)
            provider = None if line is None else line.provider
            if line is None or (provider is None and not own):
                raise _offline()
            number = next(self._numbers)
            self._waiting[number] = None if own else line
        if provider is None or own:
            self.send(driver.Call(number, (own and handle) or service, method))
        else:
            _ask(provider, driver.Call(number, handle, method))
        answer = self._answer(number)
        if isinstance(answer, driver.Reply):
            return answer.result
        raise IOReturnError(answer.code, answer.text)

    def begin(self, service: int, handle: int, method: AsyncIO) -> None:
        """Have a service's provider begin a transfer, whose end comes as its completion.

        Raises:
            IOReturnError: kIOReturnOffline, the provider cannot be reached.
        """
        with self._lock:
            line = self._services.get(service)
            provider = None if line is None else line.provider
        if provider is None:
            raise _offline()
        _ask(provider, driver.Begin(handle, method))

    def next(self, inbox: Inbox, due: Callable[[], bool]) -> Incoming | None:
        """The next packet of an inbox, or None once `due` says that there is other work.

        Called by that inbox's thread only, while it is idle.
        """
        while True:
            with self._lock:
                if self._reading and not (inbox or due()):
                    if self._lines.attends:
                        self._wanted = True  # who reads for a reply alone hears no program
                        self._lines.wake()
                    self._sleep(lambda: due() or inbox or not self._reading)
                if self._wanted:
                    self._wanted = False
                    self._turn.notify_all()
                if due():
                    return None
                if inbox:
                    return inbox.popleft()
                self._reading = True
            self._read(idle=True)

    def glance(self, inbox: Inbox) -> Incoming | None:
        """A packet of an inbox that is there by now; never waits. As `next`, its thread only."""
        with self._lock:
            reads = not inbox and not self._reading
            self._reading = self._reading or reads
        if reads:
            self._read(idle=True, wait=False)
        with self._lock:
            return inbox.popleft() if inbox else None

    def take_bundle(self) -> int:
        """The descriptor that came beside `Load`; the caller's to close.

        Raises:
            BreachError: None came.
        """
        return self._lines.take_descriptor()

    def take_node(self, service: int) -> int:
        """The descriptor that a service's provider sent last; the caller's to close.

        Raises:
            BreachError: None came.
        """
        return self._services[service].take_lent()

    def take_client(self, client: int) -> int:
        """The descriptor that came beside a `NewUserClient` or a `ServeClient`; the caller's."""
        return self._clients.pop(client)

    def inbox_of(self, service: int) -> Inbox:
        """Where the packets for a service go, from its `Attach` on."""
        return self._services[service].inbox

    @property
    def shared(self) -> bool:
        """Whether several services have the process, each its thread."""
        return self._shared

    def attend(self, descriptor: int, ready: Callable[[], None], *, writable: bool) -> None:
        """Call `ready` once, in `next`, when a descriptor can be read, or written.

        A `next` that has begun to wait does not see it before it is woken.
        """
        self._lines.attend(descriptor, ready, writable=writable)

    def neglect(self, descriptor: int) -> None:
        """Attend to a descriptor no more; idempotent."""
        self._lines.neglect(descriptor)

    def close(self, service: int, *, goodbye: bool = False) -> None:
        """A service is over: let its provider go, with a goodbye if it is to know that.

        Nothing comes for the service any more.
        """
        with self._lock:
            line = self._services.pop(service)
            line.drop_lent()
            provider = line.provider
            if provider is not None:
                if goodbye:
                    with contextlib.suppress(OSError):  # it will take it for a crash
                        provider.setblocking(False)
                        send_packet(provider, codec.encode(driver.Goodbye()))
                with contextlib.suppress(OSError):  # the other end was faster
                    provider.shutdown(socket.SHUT_RDWR)  # whoever reads finds the end, and closes

    def end(self) -> None:
        """Close all sockets; nothing else is called afterwards."""
        self._lines.end()
        self._control.close()

    def wake(self) -> None:
        """Make every `next` look at its `due` again; any thread."""
        self._lines.wake()
        with self._lock:
            if self._asleep:
                self._turn.notify_all()

    def _answer(self, number: int) -> driver.Reply | driver.Fail:
        while True:
            with self._lock:
                if self._reading or self._wanted:
                    self._sleep(
                        lambda: number in self._replies or not (self._reading or self._wanted)
                    )
                answer = self._replies.pop(number, None)
                if answer is not None:
                    del self._waiting[number]
                    return answer
                self._reading = True
            self._read(idle=False)

    def _sleep(self, until: Callable[[], object]) -> None:
        """Wait for one's turn; the lock is held."""
        self._asleep += 1
        self._turn.wait_for(until)
        self._asleep -= 1

    def _read(self, *, idle: bool, wait: bool = True) -> None:
        arrived: list[Arrived] = []
        try:
            arrived = self._lines.read(idle=idle, wait=wait)
        finally:
            with self._lock:
                self._reading = False
                if self._asleep:
                    self._turn.notify_all()
                for line, message in arrived:
                    self._put(line, message)

    def _put(self, line: Line | None, message: Incoming | driver.Reply | driver.Fail) -> None:
        """Put a message where it belongs; the lock is held."""
        inbox = self.inbox if line is None else line.inbox
        match message:
            case driver.Reply() | driver.Fail():
                self._replied(line, message)
                return
            case ProviderLost() if line is not None:
                self._lose(line)
            case driver.Load(shared=shared):
                self._shared = shared
            case driver.Attach(service=service):
                own = Inbox() if self._shared else self.inbox
                self._services[service] = self._lines.open(own)
            case driver.ServiceNotification(service=service) if service in self._services:
                inbox = self._services[service].inbox
            case driver.Call(target=service, method=method):
                if isinstance(method, NewUserClient | ServeClient):
                    self._clients[method.client] = self._lines.take_descriptor()
                if service in self._services:
                    inbox = self._services[service].inbox
        inbox.append(message)

    def _replied(self, line: Line | None, message: driver.Reply | driver.Fail) -> None:
        if self._waiting.get(message.number, message) is not line:  # it was not asked
            raise BreachError(f"reply: expected one to an open call, found number {message.number}")
        self._replies[message.number] = message

    def _lose(self, line: Line) -> None:
        """Fail every call that a provider has not answered; the lock is held."""
        self._lines.close(line)
        for number, asked in self._waiting.items():
            if asked is line and number not in self._replies:
                self._replies[number] = driver.Fail(
                    number, kIOReturnOffline, "the provider ended before it answered"
                )


def _ask(provider: socket.socket, wanted: driver.ToProvider) -> None:
    """Send a packet to the provider; OSError where it cannot be sent although it is there."""
    try:
        send_packet(provider, codec.encode(wanted))
    except OSError as error:
        if provider.fileno() >= 0 and error.errno not in _GONE:
            raise  # nobody would ever answer
        # Its end of file fails this with all else that waits.


def _offline() -> IOReturnError:
    return IOReturnError(kIOReturnOffline, "the provider cannot be reached any more")
