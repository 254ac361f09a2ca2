"""The other side of the calls: `python -m benchmarks.rpc_child KIND FD`.

KIND ``typed`` is a user client of the SDK, ``bytes`` echoes raw packets on the same thread and in
the same loop, the Default queue's; ``bare`` does so in a loop of its own that does nothing else.
Invariant: ends with its socket.
"""

import os
import socket
import sys
from collections.abc import Sequence

from runtime.driverkit import (
    IOUserClient,
    IOUserClientMethodArguments,
    IOUserClientMethodDispatch,
    transport,
)
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.entry import Entry
from runtime.host.connection import Connection
from runtime.host.link import PACKETS_A_TURN
from runtime.host.program import ProgramLink
from runtime.host.queues import DefaultQueue
from runtime.host.sources import Sources
from runtime.host.thread_queue import ThreadQueue
from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import JoinedMemory, SharedMemory
from runtime.linux.sockets import seqpacket_pair


class Process:
    """What the SDK runs in: the Default queue in the main thread, and a runtime that says nothing.

    Attributes:
        queue: The Default queue.
    """

    def __init__(self) -> None:
        self._runtime, control = seqpacket_pair()
        connection = Connection(control, os._exit)
        self.queue = DefaultQueue(connection, connection.inbox)
        self._sources = Sources(_die)

    def serve(self) -> None:
        """Serve the Default queue until `end`."""
        self.queue.serve(lambda _packet: None, _die)

    def create_queue(self, name: str, *, reentrant: bool) -> IODispatchQueue:
        """One more, which lives as long as the process."""
        return ThreadQueue(name, _die, lambda _queue: None, reentrant=reentrant)

    def default_queue(self) -> DefaultQueue:
        """The one there is."""
        return self.queue

    def current_transport(self) -> None:
        """No service has one."""

    def sources(self) -> Sources:
        """The thread that waits."""
        return self._sources

    def allocate(self, size: int) -> SharedMemory:
        """Memory."""
        return SharedMemory.create(size)

    def adopt(self, descriptor: int) -> SharedMemory:
        """As the host does."""
        return SharedMemory.adopt(descriptor)

    def join(self, ranges: Sequence[tuple[int, int, int]]) -> JoinedMemory:
        """Several memories as one."""
        return JoinedMemory(ranges)

    def create_data_queue(self, size: int) -> DataQueue:
        """A ring."""
        return DataQueue.create(size)

    def log(self, text: str) -> None:
        """To the terminal."""
        sys.stderr.write(f"{text}\n")


class Adder(IOUserClient):
    """One method: the sum of two numbers."""

    def ExternalMethod(  # noqa: N802 - DriverKit's
        self,
        selector: int,
        arguments: IOUserClientMethodArguments,
        dispatch: IOUserClientMethodDispatch | None = None,
        target: object = None,
        reference: object = None,
    ) -> None:
        """As a driver's author writes it."""
        dispatch = METHODS.get(selector)
        super().ExternalMethod(selector, arguments, dispatch, target or self, reference)

    def Add(self, reference: object, arguments: IOUserClientMethodArguments) -> None:  # noqa: N802
        """The method."""
        del reference
        arguments.scalarOutput = [sum(arguments.scalarInput)]


METHODS = {
    0: IOUserClientMethodDispatch(Adder.Add, checkScalarInputCount=2, checkScalarOutputCount=1)
}


class Echo:
    """Raw packets, on the same queue as a user client's."""

    def __init__(self, sock: socket.socket, process: Process) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._process = process

    def listen(self) -> None:
        """Wait for a packet."""
        self._process.queue.watch(self._sock.fileno(), self._ready)

    def _ready(self) -> None:
        self._process.queue.post("echo", self._serve)

    def _serve(self) -> None:
        try:
            for _ in range(PACKETS_A_TURN):
                packet = self._sock.recv(65536)
                if not packet:
                    self._process.queue.end()
                    return
                self._sock.send(packet)
        except BlockingIOError:
            self.listen()
        except ConnectionError:
            self._process.queue.end()
        else:
            self.listen()


def main() -> None:
    """Serve until the socket ends."""
    kind, descriptor = sys.argv[1], int(sys.argv[2])
    sock = socket.socket(fileno=descriptor)
    if kind == "bare":
        while packet := sock.recv(65536):
            sock.send(packet)
        return
    process = Process()
    transport.attach(process)
    if kind == "bytes":
        Echo(sock, process).listen()
    else:
        client = Adder(Entry(1, "Adder"))
        link = ProgramLink(sock, client, lambda _breach: process.queue.end())
        client.serve(link, {})
        link.listen()
    process.serve()


def _die(error: BaseException) -> None:
    sys.stderr.write(f"{error!r}\n")
    os._exit(1)


if __name__ == "__main__":
    main()
