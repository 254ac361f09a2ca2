"""Getting a value whole that a file's reader sent in part only.

Invariant: one part is asked for at a time; what comes for a window that was closed is dropped.
"""

from PySide6.QtCore import QObject

from ioregui.bridge import Bridge
from ioregui.plaintext import SENTENCE, plain
from ioregui.properties.whole import WholeValue
from runtime.model.identity import EntryId
from runtime.wire.client import Refusal
from runtime.wire.commands.registry import ReadValue, ValuePage


class Fetching(QObject):
    """Fills a window with one value; owned by the window."""

    def __init__(self, bridge: Bridge, entry: EntryId, key: str, window: WholeValue) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._entry = entry
        self._key = key
        self._window = window
        self._content = bytearray()
        self._closed = False
        window.finished.connect(self._stop)
        self._ask()

    def _ask(self) -> None:
        command = ReadValue(self._entry, self._key, len(self._content))
        self._bridge.ask(command, self._read, self._refused)

    def _read(self, page: ValuePage) -> None:
        if self._closed:
            return
        self._content += page.content
        if page.content and len(self._content) < page.size:
            share = 100 * len(self._content) // page.size
            self._window.say(self.tr("Reading: {0} %").format(share))
            self._ask()
            return
        content = bytes(self._content)
        self._window.show_value(content.decode(errors="replace") if page.is_text else content)

    def _refused(self, refusal: Refusal) -> None:
        if not self._closed:
            self._window.say(plain(refusal.text, SENTENCE))

    def _stop(self) -> None:
        self._closed = True
