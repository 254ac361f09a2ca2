"""What a window finds again at its next start: open entries, the selected one, the columns.

Invariant: remembers only what belongs to the machine itself, never a file's or the past's.
"""

from PySide6.QtCore import QObject, Slot

from ioregui.bridge import Bridge
from ioregui.registry.model import RegistryModel
from ioregui.registry.view import RegistryView
from ioregui.window.selection import Selection
from ioregui.window.settings import Settings


class Memory(QObject):
    """Keeps and finds again, for one registry view."""

    def __init__(
        self,
        bridge: Bridge,
        selection: Selection,
        model: RegistryModel,
        view: RegistryView,
        settings: Settings,
    ) -> None:
        super().__init__(view)
        self._bridge = bridge
        self._selection = selection
        self._model = model
        self._settings = settings
        model.rows.open_at_first(settings.paths("open"))

    @Slot()
    def select_something(self) -> None:
        """After a snapshot without the selected entry: the last start's, or the first."""
        mirror = self._bridge.mirror
        if self._selection.entry in mirror.entries:
            return
        for path in self._settings.paths("selected") if not self._selection.entry else ():
            if mirror.path(found := mirror.nearest(path)) == path:
                self._selection.select(found)
                return
        self._selection.select(self._first())

    @Slot()
    def remember(self) -> None:
        """Keep for the next start what is open and what is selected."""
        mirror = self._bridge.mirror
        if mirror.entries and mirror.more and not mirror.past_ms:
            self._settings.set_paths("open", self._model.rows.open_paths)
            self._settings.set_paths("selected", [mirror.path(self._selection.entry)])

    def _first(self) -> int:
        """What to speak of at first: a driver where there is one, else the root."""
        mirror = self._bridge.mirror
        for driver in mirror.drivers.values():
            if driver.service in mirror.entries:
                return driver.service
        return next(iter(mirror.children.get(0, [])), 0)
