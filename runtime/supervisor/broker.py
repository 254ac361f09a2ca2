"""One broker process seen from the runtime: made, told what to do, dismissed, reaped.

Runs in the event loop. What it is told before it is there waits in its socket. A broker is our
own code, yet what it sends is decoded like anybody's: a broken one is killed.
Invariant: its end is reported exactly once, after it was reaped.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from typing import Protocol

from runtime.linux import sockets, spawn
from runtime.model.broker_lifecycle import INITIAL, BrokerEvent, BrokerState, advance
from runtime.model.errors import BreachError, SpawnError
from runtime.model.outcome import Exit, ExitHow
from runtime.supervisor.confinement import ELEVATED
from runtime.supervisor.output import Output
from runtime.supervisor.spare import Spare
from runtime.supervisor.zygote import Child
from runtime.wire import broker as wire
from runtime.wire import codec, zygote

GIVE_BACK_SECONDS = 15.0  # until one that was dismissed is killed: the kernel's own limit is 5
MEMORY_BYTES = 1 << 30  # of address space
OPEN_FILES = 256

_decode: codec.Decoder[wire.FromBroker] = codec.Decoder(wire.FromBroker, "packet of a broker")


class Listener(Protocol):
    """Who owns a broker. All calls come in the loop."""

    def broker_changed(self, broker: "BrokerProcess") -> None:
        """Its state or its pid has changed; GONE is the last."""

    def broker_said(self, broker: "BrokerProcess", message: wire.FromBroker) -> None:
        """A message came."""


class BrokerProcess:
    """A process from before its creation to its end.

    Attributes:
        name: What ps and the registry show.
        applied: What holds this process, one sentence each; empty until it is ready.
        said: The last line that it printed.
        exit: How it ended; None until then.
    """

    def __init__(
        self, name: str, role: zygote.Role, nodes: Sequence[str], listener: Listener
    ) -> None:
        """Make its channels; `nodes` are paths of the device's nodes.

        Raises:
            OSError: No descriptor is left; none was kept.
        """
        self.name = name
        self._role = role
        self._nodes = nodes
        self.state = INITIAL
        self.pid = 0
        self.applied: tuple[str, ...] = ()
        self._elevated: tuple[str, ...] = ()
        self.said = ""
        self.exit: Exit | None = None
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._dismissed, self._over = asyncio.Event(), asyncio.Event()
        self._killer: asyncio.TimerHandle | None = None
        self._pidfd = -1
        with contextlib.ExitStack() as undo:
            self._control, self._theirs = map(undo.enter_context, sockets.seqpacket_pair())
            self._output, self._their_output = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            undo.pop_all()
        os.set_blocking(self._their_output, True)
        self._lines = Output(self._output, self._printed)
        self._control.setblocking(False)

    def create(
        self, spare: Spare, uid: int, after: Sequence["BrokerProcess"], delay_s: float
    ) -> None:
        """Have the process made, once those before it are gone and a delay has passed.

        Without either it is there at once, if a spare one waits: whatever is started after this
        does not keep it from coming up.
        """
        request = zygote.Spawn(
            number=0,
            name=self.name[:200],
            uid=uid,
            dumpable=False,
            memory_bytes=MEMORY_BYTES,
            open_files=OPEN_FILES,
            role=self._role,
        )
        child = None if after or delay_s else self._taken(spare, request)
        if child is None:
            self._creating = self._loop.create_task(self._create(spare, request, after, delay_s))
            return
        self._close_theirs()
        self._begin(child)

    def tell(self, message: wire.ToBroker, *descriptors: int) -> None:
        """Send a message; the descriptors stay the caller's. A deaf broker is killed."""
        if self.state is BrokerState.GIVING_BACK or self.state is BrokerState.GONE:
            return
        try:
            sockets.send_packet(self._control, codec.encode(message), descriptors)
        except BlockingIOError:
            self.kill("expected it to read what it is told, found it deaf")
        except OSError:
            return  # it has ended; its pidfd says so

    def dismiss(self) -> None:
        """Have it give everything back and end; idempotent."""
        if self.state not in (BrokerState.STARTING, BrokerState.SERVING):
            return
        self._dismissed.set()
        self._advance(BrokerEvent.DISMISSED)
        self._loop.remove_reader(self._control)
        self._control.close()
        said = "expected it to give its device back in time"
        self._killer = self._loop.call_later(GIVE_BACK_SECONDS, self.kill, said)

    def kill(self, why: str) -> None:
        """End it at once."""
        self.said = why
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):  # gone already: its pidfd says so
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def wait_over(self) -> None:
        """Wait until it is gone and reaped."""
        await self._over.wait()

    def _taken(self, spare: Spare, request: zygote.Spawn) -> Child | None:
        with contextlib.suppress(SpawnError), self._descriptors() as descriptors:
            return spare.take(request, descriptors)
        return None  # the node is gone, which `_create` says

    @contextlib.contextmanager
    def _descriptors(self) -> Iterator[tuple[int, ...]]:
        """Those of the process's role. SpawnError."""
        with named(self._nodes) as nodes:
            yield self._theirs.fileno(), self._their_output, *nodes

    def _close_theirs(self) -> None:
        self._theirs.close()
        os.close(self._their_output)

    async def _create(
        self,
        spare: Spare,
        request: zygote.Spawn,
        after: Sequence["BrokerProcess"],
        delay_s: float,
    ) -> None:
        try:
            for earlier in after:
                await earlier.wait_over()
            if delay_s:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._dismissed.wait(), delay_s)
            with self._descriptors() as descriptors:
                child = await spare.spawn(request, descriptors)
        except SpawnError as error:
            self.said = str(error)
            self._ended(Exit(ExitHow.LAUNCH, 0, str(error)))
        else:
            self._begin(child)
        finally:
            self._close_theirs()

    def _begin(self, child: Child) -> None:
        self.pid, self._pidfd = child.pid, child.pidfd
        self._elevated = (ELEVATED,) if child.elevated else ()
        self._loop.add_reader(self._pidfd, self._on_exit)
        self._loop.add_reader(self._output, self._on_output)
        if self.state is BrokerState.STARTING:
            self._loop.add_reader(self._control, self._on_readable)
        self._listener.broker_changed(self)

    def _on_readable(self) -> None:
        try:
            packet, _ = sockets.receive_packet(self._control)
            message = _decode(packet) if packet else None
        except BlockingIOError:
            return
        except BreachError as error:
            self.kill(str(error))
            message = None
        except OSError:
            message = None
        if message is None:
            self._loop.remove_reader(self._control)
        elif isinstance(message, wire.Ready):
            self.applied = (*message.applied, *self._elevated)
            self._advance(BrokerEvent.READY)
        else:
            self._listener.broker_said(self, message)

    def _on_output(self) -> None:
        if not self._lines.read():
            self._loop.remove_reader(self._output)

    def _printed(self, line: str) -> None:
        self.said = line

    def _on_exit(self) -> None:
        ended = spawn.wait_exit(self._pidfd)
        if ended is None:
            return
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        self._lines.read()
        self._loop.remove_reader(self._output)
        self._ended(Exit(ended.how, ended.number, self.said))

    def _ended(self, exit_: Exit) -> None:
        if self._killer is not None:
            self._killer.cancel()
        if self.state is not BrokerState.GIVING_BACK:
            self._loop.remove_reader(self._control)
            self._control.close()
        os.close(self._output)
        self.exit = exit_
        self._advance(BrokerEvent.EXITED)
        self._over.set()

    def _advance(self, event: BrokerEvent) -> None:
        self.state = advance(self.state, event)
        self._listener.broker_changed(self)


@contextlib.contextmanager
def named(nodes: Sequence[str]) -> Iterator[list[int]]:
    """Descriptors that name nodes, without opening them: that may take its time.

    Raises:
        SpawnError: There is no such node.
    """
    with contextlib.ExitStack() as stack:
        yield [_name(node, stack) for node in nodes]


def _name(node: str, stack: contextlib.ExitStack) -> int:
    try:
        descriptor = os.open(node, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise SpawnError(f"{node}: expected a device node, found: {error.strerror}") from error
    stack.callback(os.close, descriptor)
    return descriptor
