"""The window's own runtime: finding or starting one, starting it again, letting it go.

Invariant: never waits while there is a window; a child that was started is reaped; the delay
before the next start grows while starts fail, and is forgotten once a runtime was there a while.
"""

import time
from contextlib import suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ioregui.bridge import Bridge
from runtime.client.client import Client
from runtime.client.start import find_runtime, open_file, start_runtime

DELAYS_MS = (200, 1000, 2000, 5000, 10_000, 30_000)
"""Before the first, second, … start in a row; the last for all that follow."""

STEADY_S = 10.0
"""After so long a connection counts as good, and the next failure as a first one."""

REAP_MS = 50


class Household(QObject):
    """Keeps a bridge attached to a runtime.

    Signals:
        waiting: There is no runtime; why, and milliseconds until the next attempt.
        unread: The file could not be read, or its reader ended; why.
        ended: After `end`, no process that was started is left.
    """

    waiting = Signal(str, int)
    unread = Signal(str)
    ended = Signal()

    def __init__(
        self,
        bridge: Bridge,
        socket_path: Path | None = None,
        state_dir: Path | None = None,
        file: Path | None = None,
    ) -> None:
        """Take a bridge; with `socket_path` only connect there, else start a runtime at need.

        With `file` there is no runtime at all: a reader serves the file.
        """
        super().__init__(bridge)
        self._bridge = bridge
        self._socket_path = socket_path
        self._state_dir = state_dir
        self._file = file
        self._failures = 0
        self._since = 0.0
        self._started: list[Popen[bytes]] = []
        self._ending = False
        self._kept = False
        self.embedded = False
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.timeout.connect(self.start)
        self._reaper = QTimer(self)
        self._reaper.setInterval(REAP_MS)
        self._reaper.timeout.connect(self._reap)
        bridge.connected.connect(self._connected)
        bridge.disconnected.connect(self._lost)

    @property
    def unreaped(self) -> int:
        """How many processes that were started have not been reaped yet."""
        return len(self._started)

    @property
    def origin(self) -> list[str]:
        """What the export process is told of where the registry comes from."""
        if self._file is not None:
            return ["--of", str(self._file.absolute())]
        return [] if self._socket_path is None else ["--socket", str(self._socket_path)]

    @Slot()
    def start(self) -> None:
        """Attach the bridge to a running runtime, or to a new one."""
        self._retry.stop()
        self._since = time.monotonic()
        if self._file is not None:
            self._read(self._file)
            return
        found = find_runtime(self._socket_path)
        self.embedded = found is None and self._socket_path is None
        if self.embedded:
            try:
                found, child = start_runtime(self._state_dir)
            except OSError as error:
                self._lost(f"runtime: expected a process, found: {error}")
                return
            self._started.append(child)
        if found is None:
            self._lost(f"runtime: expected one listening at {self._socket_path}, found none")
            return
        self._bridge.attach(Client(found, "window"))

    def _read(self, file: Path) -> None:
        try:
            sock, child = open_file(file)
        except OSError as error:
            self._lost(f"{file}: expected a process to read it, found: {error}")
            return
        self._started.append(child)
        self._bridge.attach(Client(sock, "window"))

    def end(self) -> None:
        """Close the connection and start no other runtime; ours ends by itself."""
        self._ending = True
        self._retry.stop()
        self._bridge.detach()
        if not self._reaper.isActive():
            self._reaper.start()

    @property
    def file(self) -> Path | None:
        """The file that is shown, None for a runtime."""
        return self._file

    def keep(self) -> None:
        """Leave the runtime running when the window goes."""
        self._kept = True

    def join(self, seconds: float) -> None:
        """Wait for the runtime that ends with the window; only after the event loop's end."""
        if self._kept:
            return
        for child in self._started:
            with suppress(TimeoutExpired):
                child.wait(seconds)

    @Slot()
    def _connected(self) -> None:
        self._since = time.monotonic()

    @Slot(str)
    def _lost(self, reason: str) -> None:
        if self._ending:
            return
        if self._file is not None:  # trying again would find the same file
            self._reaper.start()
            self.unread.emit(reason)
            return
        if self._bridge.mirror.run and time.monotonic() - self._since > STEADY_S:
            self._failures = 0
        delay = DELAYS_MS[min(self._failures, len(DELAYS_MS) - 1)]
        self._failures += 1
        self._reaper.start()
        self._retry.start(delay)
        self.waiting.emit(reason, delay)

    @Slot()
    def _reap(self) -> None:
        self._started = [child for child in self._started if child.poll() is None]
        if self._started:
            return
        self._reaper.stop()
        if self._ending:
            self.ended.emit()
