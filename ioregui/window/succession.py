"""A selection that goes over to what came in the place of the selected entry.

Invariant: selects nothing else than an entry with the same provider and the same name.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.window.selection import Selection
from runtime.model.entry import Entry


class Succession(QObject):
    """Follows a restarted driver's service, or a device that was plugged in again."""

    def __init__(
        self, bridge: Bridge, selection: Selection, tombstone: Callable[[int], Entry | None]
    ) -> None:
        """`tombstone` returns an entry that went and is still shown."""
        super().__init__(selection)
        self._bridge = bridge
        self._selection = selection
        self._tombstone = tombstone
        self._gone: Entry | None = None  # the selected entry, after it went
        bridge.changed.connect(self._succeed)

    @Slot(object)
    def _succeed(self, changes: Changes) -> None:
        selected = self._selection.entry
        gone = changes.removed.get(selected) or self._tombstone(selected) or self._gone
        self._gone = gone if gone is not None and gone.id == selected else None
        if self._gone is None or selected in self._bridge.mirror.entries:
            return
        for entry_id in changes.added:
            added = self._bridge.mirror.entries.get(entry_id)
            if added is not None and (added.parent, added.title) == (
                self._gone.parent,
                self._gone.title,
            ):
                self._selection.select(entry_id)
                return
