"""One driver process seen from the runtime: its sockets, its output, its end.

Runs in the event loop. Whatever the process sends is untrusted: the first packet that the
protocol does not allow kills it, and its end is reported as a breach. The end is reported
exactly once, after it was reaped and everything that it had sent was read.
Invariant: nothing that it sends is believed beyond the protocol.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from runtime.linux import memfd, sockets, spawn
from runtime.model.errors import BreachError
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.supervisor.channels import Channels
from runtime.supervisor.deadline import LEAVE, LOAD, LOCK_DOWN, Deadline
from runtime.supervisor.ending import Ending
from runtime.supervisor.groups import OVER
from runtime.supervisor.output import Output
from runtime.supervisor.ports import Bytecode, DriverSpec, Gather
from runtime.supervisor.zygote import Child
from runtime.wire import driver as wire
from runtime.wire import limits, session

PACKETS_A_TURN = 64  # of one socket, so that no driver holds up the loop
EOF_SECONDS = 2.0  # that a process may live on after its control socket ended
CRASH_BYTES = 96 << 10  # of the crash memfd


class Listener(Protocol):
    """Who owns a process. All calls come in the loop."""

    def received(self, message: wire.ToRuntime) -> None:
        """A message came on the control socket; BreachError refuses it."""

    def logged(self, source: str, text: str, service: int) -> None:
        """A line of the log came; `source` is ``log`` or ``output``.

        `service` is whose it is, as the process says; 0: it does not know.
        """

    def pulsed(self, pulse: wire.Pulse) -> None:
        """The watcher told the queues' state."""

    def debugged(self) -> None:
        """The debugger has left."""

    def sampled(self, threads: tuple[wire.ThreadSample, ...]) -> None:
        """The watcher tells where every thread is."""

    def exited(self, exit_: Exit, gather: Gather) -> None:
        """It is gone and reaped; nothing more comes."""


class DriverProcess:
    """A process from its creation to its end. Owns the channels, the pidfd and the group.

    Attributes:
        listener: Who has it now.
        deadline: What it is held to; at first, to lock itself down.
    """

    def __init__(self, child: Child, channels: Channels, listener: Listener) -> None:
        self.pid = child.pid
        self._pidfd = pidfd = child.pidfd
        self._group = child.group
        self._channels = channels
        self.listener = listener
        self._control = session.runtime_of_driver()
        self._watch = session.runtime_of_watcher()
        self._outgoing: deque[bytes] = deque()
        self._output = Output(channels.output, lambda line: self.listener.logged("output", line, 0))
        self._ending = Ending(child.mapped)
        self._left = False
        self._compiling: Bytecode | None = None  # where the code goes that it has to tell
        self.deadline = Deadline(self.kill)
        self.deadline.set(LOCK_DOWN)
        self._late: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(channels.control, self._on_control)
        self._loop.add_reader(channels.watch, self._on_watch)
        self._loop.add_reader(channels.output, self._on_output)
        self._loop.add_reader(pidfd, self._on_exit)
        self.send(wire.Hello(limits.DRIVER_VERSION))
        self._send_watcher(wire.Hello(limits.DRIVER_VERSION))

    def send(self, message: wire.ToDriver) -> None:
        """Queue a message on the control socket; a driver that never reads is killed.

        One that is gone takes everything: what is aborted then has nobody to be told.
        """
        if self._pidfd < 0:
            return
        if len(self._outgoing) >= limits.OUTSTANDING:
            self.kill(ExitHow.HANG, f"it left {limits.OUTSTANDING} packets unread")
            return
        self._ending.note(message, sent=True)
        self._outgoing.append(self._control.encode(message))
        self._flush()

    def load(self, spec: DriverSpec, bundle: int) -> None:
        """Send what to run, with the sealed bundle; right after creation, when there is room."""
        load = wire.Load(
            spec.bundle_id,
            spec.executable,
            spec.server_name,
            spec.shared,
            spec.content_hash,
            spec.bytecode.data,
        )
        self._compiling = None if load.code else spec.bytecode
        self._send_beside(load, bundle)
        self.deadline.set(LOAD)

    def attach(self, message: wire.Attach, provider: int) -> None:
        """Send what its provider is, with the provider socket; when it is loaded, not before."""
        self._send_beside(message, provider)

    def call_beside(self, call: wire.Call, descriptor: int) -> bool:
        """Send a call with a descriptor, which stays the caller's; whether it went."""
        if self._pidfd < 0 or self._outgoing:
            return False
        try:
            sockets.send_packet(self._channels.control, self._control.encode(call), [descriptor])
        except OSError:
            return False
        self._ending.note(call, sent=True)
        return True

    def leave(self) -> None:
        """Have it end in order: nobody wants it any more."""
        self._left = True
        self.send(wire.Goodbye())
        self.deadline.set(LEAVE)

    def _send_beside(self, message: wire.Load | wire.Attach, descriptor: int) -> None:
        """Send at once, when there is room by the protocol; the descriptor stays the caller's."""
        if self._pidfd < 0:
            return
        self._ending.note(message, sent=True)
        packet = self._control.encode(message)
        try:
            sockets.send_packet(self._channels.control, packet, [descriptor])
        except OSError as error:
            said = f"it could not be told what to run: {error.strerror}"
            self.kill(ExitHow.LAUNCH, said)

    def debug(self, descriptor: int) -> bool:
        """Give the watcher a debugger's socket, which stays the caller's; whether it went."""
        packet = self._watch.encode(wire.Debug())
        try:
            sockets.send_packet(self._channels.watch, packet, [descriptor])
        except OSError:
            return False
        return True

    def ask_sample(self) -> None:
        """Have the watcher tell where every thread is; it answers unless native code holds it."""
        self._send_watcher(wire.AskSample())

    def kill(self, how: ExitHow, detail: str, service: int = 0) -> None:
        """End it at once, for what `service` did if not 0; the first reason is the one reported."""
        self._ending.kill(how, detail, service)
        if self._pidfd < 0:
            return  # reaped: its last words were the reason
        with contextlib.suppress(ProcessLookupError):  # gone already: its pidfd says so
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _flush(self) -> None:
        while self._outgoing:
            try:
                sockets.send_packet(self._channels.control, self._outgoing[0])
            except BlockingIOError:
                self._loop.add_writer(self._channels.control, self._flush)
                return
            except OSError:
                self._outgoing.clear()  # it is ending; its pidfd reports that
                break
            self._outgoing.popleft()
        self._loop.remove_writer(self._channels.control)

    def _send_watcher(self, message: wire.ToWatcher) -> None:
        with contextlib.suppress(OSError):  # a deaf watcher: the age of its pulse shows it
            sockets.send_packet(self._channels.watch, self._watch.encode(message))

    def _on_control(self) -> None:
        if not self._read(self._channels.control, self._take_control):
            self._loop.remove_reader(self._channels.control)
            self._expect_end("its control socket, found it running (or an empty packet)")

    def _expect_end(self, what: str) -> None:
        """It said or showed that it ends: let it, for a moment."""
        if self._late is None and self._pidfd >= 0:
            said = f"expected it to end with {what}"
            self._late = self._loop.call_later(EOF_SECONDS, self.kill, ExitHow.BREACH, said)

    def _on_watch(self) -> None:
        if not self._read(self._channels.watch, self._take_watch):
            self._loop.remove_reader(self._channels.watch)

    def _read(self, sock: socket.socket, take: Callable[[bytes], None]) -> bool:
        """Read what is there; return whether more may come. After a breach nothing is."""
        if self._ending.breached:
            return False
        for _ in range(PACKETS_A_TURN):
            try:
                packet, _ = sockets.receive_packet(sock)
                if not packet:
                    return False
                take(packet)
            except BlockingIOError:
                return True
            except BreachError as error:
                self.kill(ExitHow.BREACH, str(error))
                return False
            except OSError:
                return False
        return True

    def _take_control(self, packet: bytes) -> None:
        message = self._control.receive(packet)
        self._ending.note(message, sent=False)
        if isinstance(message, wire.Goodbye):
            self._ending.goodbye = message
            self._expect_end("its goodbye, found it running")
        elif isinstance(message, wire.Compiled):
            self._take_code(message)
        elif not isinstance(message, wire.Hello):
            if isinstance(message, wire.Staged) and message.stage is Stage.LOADED:
                self._compiling = None  # from now on it may be the bundle that speaks
            self.listener.received(message)

    def _take_code(self, message: wire.Compiled) -> None:
        """Keep it for the bundle's next processes; BreachError after the first."""
        if self._compiling is None:
            raise BreachError("driver: expected its code once, before it is executed")
        self._compiling.data, self._compiling = message.code, None

    def _take_watch(self, packet: bytes) -> None:
        message = self._watch.receive(packet)
        if isinstance(message, wire.Log):
            self.listener.logged("log", message.text, message.service)
        elif isinstance(message, wire.Pulse):
            self.listener.pulsed(message)
        elif isinstance(message, wire.Sample):
            self.listener.sampled(message.threads)
        elif isinstance(message, wire.Debugged):
            self.listener.debugged()

    def _on_output(self) -> None:
        if not self._output.read():
            self._loop.remove_reader(self._channels.output)

    def _on_exit(self) -> None:
        ended = spawn.wait_exit(self._pidfd)
        if ended is None:
            return
        self._loop.remove_reader(self._pidfd)
        self.deadline.clear()
        if self._late is not None:
            self._late.cancel()
        os.close(self._pidfd)
        self._pidfd = -1
        self._drain()
        if self._group is not None and self._group.remove():
            ended = msgspec.structs.replace(ended, detail=OVER)
        crash = memfd.read_whole(self._channels.crash, CRASH_BYTES)
        exit_ = self._ending.exit(ended, crash)
        self.listener.exited(exit_, lambda: self._ending.remains(exit_, crash))
        self._channels.close_ours()

    def _drain(self) -> None:
        """Read the last words of a process that is gone."""
        channels = self._channels
        self._read(channels.control, self._take_control)
        self._read(channels.watch, self._take_watch)
        self._output.read()
        for descriptor in (channels.control, channels.watch, channels.output):
            self._loop.remove_reader(descriptor)
        self._loop.remove_writer(channels.control)

    @property
    def blamed(self) -> int:
        """The service that ended it; 0: not known, or no service's fault."""
        return self._ending.blamed

    @property
    def ending(self) -> bool:
        """Whether it ends, was told to or is gone: nothing new is for it."""
        said = self._ending.killed is not None or self._ending.goodbye is not None
        return said or self._left or self._pidfd < 0
