"""The sockets of a driver process as its reader sees them: the runtime's, and a line a service.

An idle reader attends to other descriptors, too, those of programs at its queue.
Invariant: used by one thread at a time, the one that reads; but `wake`, `attend` and `neglect` by
any.
"""

import collections
import os
import select
import socket
from collections.abc import Callable

from runtime.linux.sockets import receive_packet
from runtime.model.errors import BreachError
from runtime.wire import codec, driver, session

_decode: codec.Decoder[driver.FromProvider] = codec.Decoder(
    driver.FromProvider, "packet of the provider"
)


class ProviderLost:
    """The provider cannot be reached any more: nothing comes from it, calls to it fail."""


Incoming = driver.ToDriver | driver.Complete | ProviderLost
"""What reaches a Default queue."""

Inbox = collections.deque[Incoming]
"""What has come for one queue, the oldest first."""


class Line:
    """One service: the socket to its provider, None once that is lost, and its queue's inbox."""

    def __init__(self, provider: socket.socket, inbox: Inbox) -> None:
        self.provider: socket.socket | None = provider
        self.inbox = inbox
        self._lent: int | None = None

    def lend(self, descriptor: int) -> None:
        """Keep what came beside an answer for whoever asked for it.

        Raises:
            BreachError: Nobody had asked for the last one.
        """
        if self._lent is not None:
            os.close(descriptor)
            raise _unwanted()
        self._lent = descriptor

    def take_lent(self) -> int:
        """The descriptor that came beside the last answer; the caller's to close.

        Raises:
            BreachError: None came.
        """
        if self._lent is None:
            raise BreachError("answer: expected a descriptor beside it, found none")
        descriptor, self._lent = self._lent, None
        return descriptor

    def drop_lent(self) -> None:
        """Close what nobody has taken, or will."""
        if self._lent is not None:
            os.close(self.take_lent())


Arrived = tuple[Line | None, Incoming | driver.Reply | driver.Fail]
"""A message, and the line that it came on; None is the runtime's socket."""


class Lines:
    """Waits for packets and decodes them.

    Args:
        control: The runtime's socket; the caller's.
        leave: Ends the process with an exit code when the runtime is gone.
    """

    def __init__(self, control: socket.socket, leave: Callable[[int], object]) -> None:
        self._control = control
        self._leave = leave
        self._session = session.driver_of_runtime()
        self._lines: dict[int, Line] = {}  # by descriptor
        self._descriptors: collections.deque[int] = collections.deque()
        self._attended: dict[int, Callable[[], None]] = {}  # by descriptor
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._sockets, self._all = select.poll(), select.poll()
        for poll in (self._sockets, self._all):
            poll.register(self._wake, select.POLLIN)
        self._listen(control)

    def read(self, *, idle: bool, wait: bool = True) -> list[Arrived]:
        """Wait for packets: one of each provider that has one, or else one of the runtime.

        None came when the wait was ended by `wake`; when an `idle` reader attended to something
        else; or when none was there and nobody was to `wait`.

        Raises:
            BreachError: A packet is not of its protocol.
        """
        poll = self._all if idle else self._sockets
        lines: list[Line] = []
        told = False
        for fd, _ in poll.poll(None if wait else 0):
            if fd in self._lines:
                lines.append(self._lines[fd])
            elif fd in self._attended:
                tell = self._attended[fd]
                self.neglect(fd)
                tell()
            elif fd == self._wake:
                os.eventfd_read(self._wake)
            elif fd == self._control.fileno():  # or what is attended to no more
                told = True
        if lines:
            return [self._receive(line) for line in lines if line.provider is not None]
        return self._hear() if told else []

    def wake(self) -> None:
        """End a reader's wait; any thread."""
        os.eventfd_write(self._wake, 1)

    @property
    def attends(self) -> bool:
        """Whether an idle reader attends to something else."""
        return bool(self._attended)

    def attend(self, descriptor: int, ready: Callable[[], None], *, writable: bool) -> None:
        """Have an idle reader call `ready` once, when a descriptor can be read, or written."""
        self._attended[descriptor] = ready
        self._all.register(descriptor, select.POLLOUT if writable else select.POLLIN)

    def neglect(self, descriptor: int) -> None:
        """Attend to a descriptor no more; idempotent."""
        if self._attended.pop(descriptor, None) is not None:
            self._all.unregister(descriptor)

    def open(self, inbox: Inbox) -> Line:
        """A line on the provider socket that came beside the last `Attach`."""
        provider = socket.socket(fileno=self.take_descriptor())
        line = self._lines[provider.fileno()] = Line(provider, inbox)
        self._listen(provider)
        return line

    def close(self, line: Line) -> None:
        """Close a line's socket; idempotent."""
        if line.provider is not None:
            for poll in (self._sockets, self._all):
                poll.unregister(line.provider)
            del self._lines[line.provider.fileno()]
            line.provider.close()
            line.provider = None

    def end(self) -> None:
        """Let go of all that is owned here; nothing else is called afterwards."""
        for line in tuple(self._lines.values()):
            self.close(line)
        os.close(self._wake)

    def take_descriptor(self) -> int:
        """The descriptor that came beside a packet; the caller's to close.

        Raises:
            BreachError: None came.
        """
        if not self._descriptors:
            raise BreachError("packet: expected a descriptor beside it, found none")
        return self._descriptors.popleft()

    def _receive(self, line: Line) -> Arrived:
        assert line.provider is not None
        packet, descriptors = _packet(line.provider)
        message = _decode(packet) if packet else ProviderLost()
        for descriptor in descriptors:
            if isinstance(message, driver.Reply):
                line.lend(descriptor)
            else:
                os.close(descriptor)
                raise _unwanted()
        return line, message

    def _hear(self) -> list[Arrived]:
        """What the runtime sent."""
        packet, descriptors = _packet(self._control)
        if not packet:
            self._leave(1)
            return []
        self._descriptors += descriptors
        return [(None, self._session.receive(packet))]

    def _listen(self, sock: socket.socket) -> None:
        for poll in (self._sockets, self._all):
            poll.register(sock, select.POLLIN)


def _unwanted() -> BreachError:
    return BreachError("packet of the provider: expected no descriptor beside it, found one")


def _packet(sock: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet and its descriptors; empty when the other end is gone."""
    try:
        return receive_packet(sock, max_fds=1)
    except ConnectionResetError:
        return b"", []
