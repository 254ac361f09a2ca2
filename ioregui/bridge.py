"""Between a client's connection and Qt: the only place that turns messages into signals.

Invariant: a turn of the event loop spends at most `SLICE_S` on receiving and `SLICE_S` on
applying; listeners hear at most ten batches a second, the first after a quiet time at once. While
the bridge is held the mirror stands still.
"""

import gc
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import shiboken6
from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal, Slot

from ioregui.mirror import Changes, Mirror, Past
from runtime.client.client import Client
from runtime.wire import client as wire
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.registry import Subscribe

R = TypeVar("R")

SLICE_S = 0.003
BATCH_S = 0.1
WAITING = 64  # messages received and not yet applied, above which receiving pauses


class Bridge(QObject):
    """Keeps a mirror equal to the runtime that it is attached to, and tells of changes.

    Signals:
        reset: A whole snapshot replaced everything; read the mirror anew.
        changing: A `Changes` with what is new since the last of these signals; never a reset.
            For what has to be on the screen at once.
        changed: The same a turn of the event loop later, for everything else.
        travelled: Another moment of the registry is shown: `Mirror.past_ms`, 0 for now.
        connected: A runtime's first snapshot is there; comes before its `reset`.
        disconnected: The connection ended; one sentence why. The mirror keeps what it had.

    Callbacks given to `ask` are bound methods; they are called from the event loop.
    """

    reset = Signal()
    changing = Signal(object)
    changed = Signal(object)
    travelled = Signal()
    connected = Signal()
    disconnected = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mirror = Mirror()
        self._client: Client | None = None
        self._greeted = False
        self._resyncing = False
        self._held = False
        self._readable: QSocketNotifier | None = None
        self._writable: QSocketNotifier | None = None
        self._waiting: deque[wire.SnapshotBegin | wire.Part | wire.SnapshotEnd | wire.Delta]
        self._waiting = deque()
        self._changes = Changes()
        self._shown: Changes | None = None  # what `changed` has still to tell
        self._last_batch = 0.0
        self._again = self._timer(self._turn)
        self._batch = self._timer(self._publish)
        self._later = self._timer(self._tell)

    @property
    def is_connected(self) -> bool:
        """Whether a runtime's snapshot is there and its connection stands."""
        return self._client is not None and self._greeted

    def attach(self, client: Client) -> None:
        """Take ownership of a connection and subscribe to everything; ends an earlier one."""
        self.detach()
        self._client = client
        self._greeted = False
        self._readable = QSocketNotifier(client.fileno(), QSocketNotifier.Type.Read, self)
        self._writable = QSocketNotifier(client.fileno(), QSocketNotifier.Type.Write, self)
        self._readable.activated.connect(self._turn)
        self._writable.activated.connect(self._write)
        self._subscribe()

    def detach(self) -> None:
        """Close the connection without a signal; the mirror keeps what it had."""
        for notifier in (self._readable, self._writable):
            if notifier is not None:
                notifier.setEnabled(False)
                notifier.deleteLater()
        self._readable = self._writable = None
        self._waiting.clear()
        self._again.stop()
        self._shown = None
        if self._client is not None:
            self._client.close()
            self._client = None

    @Slot(bool)
    def hold(self, on: bool) -> None:
        """Let messages wait while a listener is at work on a batch; in the end at the sender."""
        self._held = on
        if not on:
            self._again.start(0)

    def show_past(self, past: Past, ms: int) -> None:
        """Have the mirror show an earlier moment of the registry; changes of now wait."""
        self._publish()
        self._tell()
        self.mirror.show_past(past, ms)
        self.travelled.emit()

    def show_now(self) -> None:
        """Have the mirror show the registry as it is."""
        if self.mirror.past_ms:
            self._publish()
            self._tell()
            self.mirror.show_now()
            self.travelled.emit()

    def ask(
        self,
        command: CommandOf[R],
        on_answer: Callable[[R], None] | None = None,
        on_refusal: Callable[[wire.Refusal], None] | None = None,
    ) -> None:
        """Send a command; exactly one of the callbacks is called later.

        One that belongs to an object which Qt has deleted meanwhile is not called. Without a
        runtime `on_refusal` is called at once with code ``disconnected``.
        """
        if self._client is None:
            if on_refusal is not None:
                text = self.tr("No runtime is connected.")
                on_refusal(wire.Refusal(0, "disconnected", text))
            return
        self._client.ask(command, _while_valid(on_answer), _while_valid(on_refusal))
        self._watch_writing()

    @Slot()
    def _turn(self) -> None:
        """Receive a slice, apply a slice, come again for the rest."""
        client = self._client
        if client is None:
            return
        self._tell()
        if len(self._waiting) < WAITING:
            self._waiting.extend(client.on_readable(SLICE_S))
        if client is not self._client:  # a callback attached another runtime
            return
        if not self._held:
            self._apply()
        if client.closed and not self._waiting:
            self._lost(client.closed)
            return
        self._watch_writing()
        if self._waiting and not self._held:
            self._again.start(0)
        elif client.has_received and len(self._waiting) < WAITING:
            self._again.start(0)  # answers do not wait, whatever is held

    def _apply(self) -> None:
        end = time.monotonic() + SLICE_S
        while self._waiting:
            changes = self.mirror.apply(self._waiting.popleft())
            if changes.resync_needed:
                self._resync()
            else:
                self._changes.merge(changes)
            if time.monotonic() > end:
                break
        if self._changes and not self._batch.isActive():
            quiet = time.monotonic() - self._last_batch
            if quiet >= BATCH_S:
                self._publish()
            else:
                self._batch.start(round((BATCH_S - quiet) * 1000))

    @Slot()
    def _publish(self) -> None:
        self._tell()
        changes, self._changes = self._changes, Changes()
        self._last_batch = time.monotonic()
        if self.mirror.past_ms:
            changes.leave_entries_out()
        if changes.reset:
            self._resyncing = False
            first, self._greeted = not self._greeted, True
            if first:
                self.connected.emit()
            self.reset.emit()
            if not first:  # what was frozen then is garbage now
                gc.unfreeze()
                gc.collect()
            gc.freeze()  # looking through a large registry for garbage stalls the window
        elif changes:
            self._shown = changes
            self._later.start(0)
            self.changing.emit(changes)

    @Slot()
    def _tell(self) -> None:
        """Tell of what is shown by now; before the mirror goes on, as the rest reads it too."""
        if self._shown is not None:
            changes, self._shown = self._shown, None
            self.changed.emit(changes)

    def _resync(self) -> None:
        """Ask for a new snapshot, once for each gap."""
        if not self._resyncing:
            self._resyncing = True
            self._subscribe()

    def _subscribe(self) -> None:
        self.ask(Subscribe())

    @Slot()
    def _write(self) -> None:
        if self._client is not None:
            self._client.on_writable()
            self._watch_writing()

    def _watch_writing(self) -> None:
        if self._writable is not None and self._client is not None:
            self._writable.setEnabled(self._client.wants_write)
            if self._client.closed:
                self._again.start(0)

    def _lost(self, reason: str) -> None:
        self._publish()
        self._tell()
        self.detach()
        self._greeted = False
        self._resyncing = False
        self.disconnected.emit(reason)

    def _timer(self, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        return timer


def _while_valid(callback: Callable[[R], None] | None) -> Callable[[R], None] | None:
    """Return a callback that does nothing once the object that it is a method of is deleted."""
    owner = getattr(getattr(callback, "func", callback), "__self__", None)
    if callback is None or not isinstance(owner, QObject):
        return callback

    def call(value: R) -> None:
        if shiboken6.isValid(owner):
            callback(value)

    return call
