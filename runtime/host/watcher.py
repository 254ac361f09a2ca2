"""The watcher thread: log lines and the queues' pulse out, and the end when the runtime is gone.

A line is sent at once by whoever logs it, so that a crash right after it loses nothing; only
when the runtime is slow does it wait here, and beyond `WAITING` it is dropped and counted.
Invariant: `log` never blocks.
"""

import collections
import contextlib
import os
import select
import socket
import threading
import time

from runtime.host.debugger import Debugger
from runtime.host.queues import Die, HostQueue, current_service
from runtime.host.stacks import sample
from runtime.linux.sockets import receive_packet, send_packet
from runtime.wire import driver, session
from runtime.wire.limits import DRIVER_VERSION, TEXT

WAITING = 1000  # log lines that wait for a slow runtime
PERIOD_S = 1.0  # of the pulse
_STEP_S = 0.05  # at whose multiples pulses are due: many drivers' wake the processor once, together


class Watcher:
    """Owns the watch socket.

    Args:
        watch: The socket; owned from now on.
    """

    def __init__(self, watch: socket.socket) -> None:
        watch.setblocking(False)
        self._watch = watch
        self._session = session.watcher_of_runtime()
        self._lock = threading.RLock()  # a debugger may stop the main thread that holds it
        self._lines: collections.deque[driver.Log] = collections.deque()
        self._dropped = 0
        self._queues: list[HostQueue] = []
        self._debugger = Debugger(self._debugged, self._state)
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._pulsed: tuple[driver.Pulse | None, float] = (None, 0.0)  # what was said last, when
        self._send(driver.Hello(DRIVER_VERSION))

    def start(self, die: Die) -> None:
        """Start the thread; `die` ends the process for an exception in it."""
        threading.Thread(target=self._run, args=(die,), name="watcher", daemon=True).start()

    def watch(self, queue: HostQueue) -> None:
        """Include a queue in the pulse; any thread."""
        with self._lock:
            self._queues.append(queue)

    def unwatch(self, queue: HostQueue) -> None:
        """Leave a queue out of the pulse; any thread."""
        with self._lock:
            self._queues.remove(queue)

    def log(self, text: str) -> None:
        """Log each line of `text`, in the name of the service whose queue this is; any thread."""
        service = current_service()
        text = text.encode("utf-8", "replace").decode()  # half a character is no reason to end
        with self._lock:
            for line in text.splitlines() or [""]:
                self._log(driver.Log(line[:TEXT], service))
            waiting = bool(self._lines)
        if waiting:
            os.eventfd_write(self._wake, 1)

    def drain(self, seconds: float) -> None:
        """Send what waits, for at most `seconds`; before an orderly end."""
        deadline = time.monotonic() + seconds
        while self._waiting() and (left := deadline - time.monotonic()) > 0:
            select.select([], [self._watch], [], left)
            self._flush()

    def _debugged(self) -> None:
        with self._lock:
            self._send(driver.Debugged())

    def _log(self, line: driver.Log) -> None:
        if not self._lines and not self._dropped and self._send(line):
            return
        if len(self._lines) < WAITING:
            self._lines.append(line)
        else:
            self._dropped += 1

    def _send(self, message: driver.FromWatcher) -> bool:
        """Whether the runtime's buffer took it; a runtime that is gone takes everything."""
        try:
            send_packet(self._watch, self._session.encode(message))
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError):
            os._exit(1)
        return True

    def _waiting(self) -> bool:
        with self._lock:
            return bool(self._lines or self._dropped)

    def _flush(self) -> None:
        with self._lock:
            while self._lines and self._send(self._lines[0]):
                self._lines.popleft()
            if not self._lines and self._dropped:
                line = driver.Log(f"… {self._dropped} lines dropped")
                if self._send(line):
                    self._dropped = 0

    def _run(self, die: Die) -> None:
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 - the edge of the process
            die(error)

    def _serve(self) -> None:
        due = _next_pulse()
        while True:
            poll = select.poll()
            wants = select.POLLOUT if self._waiting() else 0
            poll.register(self._watch, select.POLLIN | wants)
            poll.register(self._wake, select.POLLIN)
            peer = self._debugger.peer
            if peer is not None:
                poll.register(peer, 0)  # only its end: what it says is the debugger's
            ready = dict(poll.poll(max(0.0, due - time.monotonic()) * 1000))
            if peer in ready:  # before the next debugger may come
                self._debugger.peer_left()
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
            asked = bool(ready.get(self._watch.fileno(), 0) & ~select.POLLOUT) and self._receive()
            self._flush()
            if asked or time.monotonic() >= due:
                self._pulse(asked=asked)
                due = _next_pulse()

    def _receive(self) -> bool:
        """Take one packet; whether it asks for a pulse."""
        try:
            packet, descriptors = receive_packet(self._watch, max_fds=1)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            packet, descriptors = b"", []
        if not packet:
            os._exit(1)
        message = self._session.receive(packet)
        if isinstance(message, driver.AskSample):
            self._send(sample())
        elif isinstance(message, driver.Debug) and descriptors:
            self._debugger.attach(socket.socket(fileno=descriptors[0]))
        return isinstance(message, driver.AskPulse)

    def _state(self) -> driver.Pulse:
        """What the queues do; any thread, without the lock."""
        now = time.monotonic_ns()
        return driver.Pulse(tuple(queue.pulse(now) for queue in tuple(self._queues)))

    def _pulse(self, *, asked: bool) -> None:
        """Tell the queues' state, once the runtime has greeted: until then nobody reads."""
        if self._session.phase is not session.Phase.OPEN:
            return
        now = time.monotonic_ns()
        said, when = self._pulsed
        pulse = self._state()
        with self._lock:
            silent = now / 1e9 - when + PERIOD_S / 2  # pulses are due to the period, not exactly
            news = asked or pulse != said or silent >= driver.IDLE_PULSE_SECONDS
            if news and self._send(pulse):
                self._pulsed = (pulse, now / 1e9)


def _next_pulse() -> float:
    """When the next one is due, on the monotonic clock."""
    return (time.monotonic() + PERIOD_S) // _STEP_S * _STEP_S
