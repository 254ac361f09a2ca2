"""The control socket of a driver process, shared by its queues' threads.

Whoever waits for a packet and finds nobody reading becomes the reader, routes what comes, and
wakes the others: a queue that waits for a reply never needs another queue to be idle.
Invariant: one thread reads at a time; a reply reaches exactly the call that it answers.
"""

import collections
import itertools
import os
import select
import socket
import threading
from collections.abc import Callable

import msgspec

from runtime.driverkit.kern_return import IOReturnError
from runtime.linux.sockets import receive_packet, send_packet
from runtime.model.errors import BreachError
from runtime.wire import driver, session
from runtime.wire.methods import Method


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
        self._waiting: set[int] = set()
        self._replies: dict[int, driver.Reply | driver.Fail] = {}
        self._inbox: collections.deque[driver.ToDriver] = collections.deque()
        self._descriptors: collections.deque[int] = collections.deque()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def send(self, message: driver.ToRuntime) -> None:
        """Send one packet; waits while the runtime's buffer is full."""
        try:
            send_packet(self._control, self._session.encode(message))
        except (BrokenPipeError, ConnectionResetError):
            self._leave(1)

    def call(self, target: int, method: Method) -> msgspec.Raw:
        """Call a method of the runtime's side and wait for its result, encoded.

        Raises:
            IOReturnError: It failed.
        """
        with self._turn:
            number = next(self._numbers)
            self._waiting.add(number)
        self.send(driver.Call(number, target, method))
        answer = self._answer(number)
        if isinstance(answer, driver.Fail):
            raise IOReturnError(answer.code, answer.text)
        return answer.result

    def next(self, due: Callable[[], bool]) -> driver.ToDriver | None:
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
        """The descriptor that came beside a `Load`; the caller's to close.

        Raises:
            BreachError: None came.
        """
        if not self._descriptors:
            raise BreachError("load: expected a descriptor beside it, found none")
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
                    self._waiting.discard(number)
                    return self._replies.pop(number)
                self._reading = True
            self._read(idle=False)

    def _read(self, *, idle: bool) -> None:
        message: driver.ToDriver | None = None
        try:
            if not idle or self._readable():
                message = self._receive()
        finally:
            with self._turn:
                self._reading = False
                if message is not None:
                    self._route(message)
                self._turn.notify_all()

    def _readable(self) -> bool:
        """Wait for a packet or a wake-up; whether there is a packet."""
        ready = {fd for fd, _ in self._poll.poll()}
        if self._wake in ready:
            os.eventfd_read(self._wake)
        return self._control.fileno() in ready

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

    def _route(self, message: driver.ToDriver) -> None:
        if not isinstance(message, driver.Reply | driver.Fail):
            self._inbox.append(message)
        elif message.number in self._waiting:
            self._replies[message.number] = message
        else:
            raise BreachError(f"reply: expected one to an open call, found number {message.number}")
