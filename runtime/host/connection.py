"""The control and provider sockets of a driver process, shared by its queues' threads.

Whoever waits for a packet and finds nobody reading becomes the reader, routes what comes, and
wakes the others: a queue that waits for a reply never needs another queue to be idle.
What the provider sent is handled before what the runtime sent after it.
Invariant: one thread reads at a time; a reply reaches exactly the call that it answers.
"""

import collections
import contextlib
import itertools
import os
import select
import socket
import threading
from collections.abc import Callable

import msgspec

from runtime.driverkit.kern_return import IOReturnError, kIOReturnOffline
from runtime.linux.sockets import receive_packet, send_packet
from runtime.model.errors import BreachError
from runtime.wire import codec, driver, session
from runtime.wire.methods import Method, ServiceMethod

_decode: codec.Decoder[driver.FromProvider] = codec.Decoder(
    driver.FromProvider, "packet of the provider"
)


class ProviderLost:
    """The provider cannot be reached any more: nothing comes from it, calls to it fail."""


Incoming = driver.ToDriver | driver.Complete | ProviderLost
"""What reaches the Default queue."""


class Connection:
    """Packets out from any thread; replies to their callers, all else to the Default queue.

    Args:
        control: The socket; owned from now on.
        leave: Ends the process with an exit code when the runtime is gone.
    """

    def __init__(self, control: socket.socket, leave: Callable[[int], object]) -> None:
        self._control = control
        self._leave = leave
        self._session = session.driver_of_runtime()
        self._turn = threading.Condition()
        self._reading = False
        self._numbers = itertools.count(1)
        self._provider: socket.socket | None = None
        self._waiting: dict[int, bool] = {}  # whether the provider has to answer
        self._replies: dict[int, driver.Reply | driver.Fail] = {}
        self._inbox: collections.deque[Incoming] = collections.deque()
        self._descriptors: collections.deque[int] = collections.deque()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._sockets, self._all = select.poll(), select.poll()
        self._all.register(self._wake, select.POLLIN)
        self._listen(control)

    def send(self, message: driver.ToRuntime) -> None:
        """Send one packet; waits while the runtime's buffer is full."""
        try:
            send_packet(self._control, self._session.encode(message))
        except (BrokenPipeError, ConnectionResetError):
            self._leave(1)

    def use_provider(self, descriptor: int) -> None:
        """Take the provider socket; owned from now on. Before the first call to the provider."""
        self._provider = socket.socket(fileno=descriptor)
        self._listen(self._provider)

    def call(self, target: int, method: Method) -> msgspec.Raw:
        """Call a method of the provider's, or of the driver's own entry; its result, encoded.

        Raises:
            IOReturnError: It failed; kIOReturnOffline when the provider cannot be reached.
        """
        to_provider = not isinstance(method, ServiceMethod)
        with self._turn:
            provider = self._provider
            if to_provider and provider is None:
                raise IOReturnError(kIOReturnOffline, "the provider cannot be reached any more")
            number = next(self._numbers)
            self._waiting[number] = to_provider
        call = driver.Call(number, target, method)
        if to_provider and provider is not None:
            with contextlib.suppress(OSError):  # its end of file fails this call with all others
                send_packet(provider, codec.encode(call))
        else:
            self.send(call)
        answer = self._answer(number)
        if isinstance(answer, driver.Fail):
            raise IOReturnError(answer.code, answer.text)
        return answer.result

    def next(self, due: Callable[[], bool]) -> Incoming | None:
        """The next packet for the Default queue, or None once `due` says there is other work.

        Called by the Default queue's thread only, while it is idle.
        """
        while True:
            with self._turn:
                self._turn.wait_for(lambda: due() or self._inbox or not self._reading)
                if due():
                    return None
                if self._inbox:
                    return self._inbox.popleft()
                self._reading = True
            self._read(idle=True)

    def take_descriptor(self) -> int:
        """The descriptor that came beside a `Load` or an `Attach`; the caller's to close.

        Raises:
            BreachError: None came.
        """
        if not self._descriptors:
            raise BreachError("packet: expected a descriptor beside it, found none")
        return self._descriptors.popleft()

    def wake(self) -> None:
        """Make `next` look at its `due` again; any thread."""
        os.eventfd_write(self._wake, 1)
        with self._turn:
            self._turn.notify_all()

    def _answer(self, number: int) -> driver.Reply | driver.Fail:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: number in self._replies or not self._reading)
                if number in self._replies:
                    self._waiting.pop(number, None)
                    return self._replies.pop(number)
                self._reading = True
            self._read(idle=False)

    def _read(self, *, idle: bool) -> None:
        message: Incoming | driver.Reply | driver.Fail | None = None
        try:
            ready = self._ready(self._all if idle else self._sockets)
            if self._provider is not None and self._provider.fileno() in ready:
                message = self._receive_provider(self._provider)
            elif self._control.fileno() in ready:
                message = self._receive()
        finally:
            with self._turn:
                self._reading = False
                if message is not None:
                    self._route(message)
                self._turn.notify_all()

    def _ready(self, poll: select.poll) -> set[int]:
        """Wait for a packet or a wake-up; which descriptors have one."""
        ready = {fd for fd, _ in poll.poll()}
        if self._wake in ready:
            os.eventfd_read(self._wake)
        return ready

    def _receive(self) -> driver.ToDriver | None:
        try:
            packet, descriptors = receive_packet(self._control, max_fds=1)
        except ConnectionResetError:
            packet, descriptors = b"", []
        if not packet:
            self._leave(1)
            return None
        self._descriptors += descriptors
        return self._session.receive(packet)

    def _receive_provider(self, provider: socket.socket) -> driver.FromProvider | ProviderLost:
        try:
            packet, _ = receive_packet(provider)
        except ConnectionResetError:
            packet = b""
        return _decode(packet) if packet else ProviderLost()

    def _listen(self, sock: socket.socket) -> None:
        for poll in (self._sockets, self._all):
            poll.register(sock, select.POLLIN)

    def _route(self, message: Incoming | driver.Reply | driver.Fail) -> None:
        if isinstance(message, ProviderLost):
            self._lose_provider()
        if not isinstance(message, driver.Reply | driver.Fail):
            self._inbox.append(message)
        elif message.number in self._waiting:
            self._replies[message.number] = message
        else:
            raise BreachError(f"reply: expected one to an open call, found number {message.number}")

    def _lose_provider(self) -> None:
        """Fail every call that the provider has not answered; the lock is held."""
        if self._provider is not None:
            for poll in (self._sockets, self._all):
                poll.unregister(self._provider)
            self._provider.close()
            self._provider = None
        for number, to_provider in self._waiting.items():
            if to_provider and number not in self._replies:
                self._replies[number] = driver.Fail(
                    number, kIOReturnOffline, "the provider ended before it answered"
                )
