"""The window's end of a debugger's stream.

Invariant: never waits; the stream is closed exactly once, by either side, and that is told.
"""

import socket

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot

from ioregui.debugger.talk import Talk
from runtime.model.errors import BreachError

_BYTES = 64 << 10  # received in one turn of the event loop
_WAITING = 64 << 10  # bytes that wait for a driver that does not read


class Connection(QObject):
    """A session with one driver, from its door until either side leaves.

    Signals:
        said: A line of text.
        viewed: A `View`: the driver has stopped and waits.
        ended: The session is over; one sentence why where it did not end in order, else empty.
    """

    said = Signal(str)
    viewed = Signal(object)
    ended = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._socket: socket.socket | None = None
        self._readable: QSocketNotifier | None = None
        self._writable: QSocketNotifier | None = None
        self._talk = Talk()
        self._waiting = b""

    @property
    def is_open(self) -> bool:
        """Whether there is a session."""
        return self._socket is not None

    def open(self, path: str) -> None:
        """Go through a door; a session before it ends. `ended` may be told at once."""
        self.close()
        self._talk, self._waiting = Talk(), b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._end(f"debugger: expected it at {path}, found: {error.strerror or error}")
            return
        descriptor = self._socket.fileno()
        self._readable = QSocketNotifier(descriptor, QSocketNotifier.Type.Read, self)
        self._writable = QSocketNotifier(descriptor, QSocketNotifier.Type.Write, self)
        self._readable.activated.connect(self._read)
        self._writable.activated.connect(self._write)
        self.say("view")

    def say(self, line: str) -> None:
        """Type a line; what a driver does not read for long ends the session."""
        if self._socket is None:
            return
        self._waiting += line.encode() + b"\n"
        if len(self._waiting) > _WAITING:
            self._end(self.tr("The driver reads nothing of what is typed."))
        else:
            self._write()

    def close(self) -> None:
        """Leave; the driver goes on. Idempotent, and told to nobody."""
        for notifier in (self._readable, self._writable):
            if notifier is not None:
                notifier.setEnabled(False)
                notifier.deleteLater()
        self._readable = self._writable = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _end(self, why: str) -> None:
        self.close()
        self.ended.emit(why)

    @Slot()
    def _read(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end("")
            return
        try:
            for each in self._talk.feed(data):
                if isinstance(each, str):
                    self.said.emit(each)
                else:
                    self.viewed.emit(each)
        except BreachError as error:
            self._end(str(error))

    @Slot()
    def _write(self) -> None:
        if self._socket is None or self._writable is None:
            return
        try:
            self._waiting = self._waiting[self._socket.send(self._waiting) :]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting = b""  # reading says that it has ended
        self._writable.setEnabled(bool(self._waiting))
