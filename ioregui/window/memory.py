"""What a window finds again at its next start: plane, open entries, selected one, columns, base.

Invariant: entries are remembered of the machine itself alone, never of a file or the past.
"""

from PySide6.QtCore import QObject, Slot

from ioregui.bridge import Bridge
from ioregui.properties.panel import PropertiesPanel
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
        settings: Settings,
        *,
        view: RegistryView,
        model: RegistryModel,
        properties: PropertiesPanel,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._properties = properties
        self._bridge = bridge
        self._selection = selection
        self._model = model
        self._settings = settings
        model.rows.open_at_first(settings.paths("open"))
        view.choice.hide(settings.paths("hidden-columns"))
        view.columns.restore(settings.bytes("tree"))
        properties.table.columns.restore(settings.bytes("properties"))
        properties.bar.numbers = settings.numbers

    @Slot()
    def select_something(self) -> None:
        """After a snapshot without the selected entry: the last start's, or the first."""
        mirror = self._bridge.mirror
        if self._selection.entry in mirror.entries:
            return
        for path in self._settings.paths("selected") if not self._selection.entry else ():
            found = mirror.nearest(path)
            if found and mirror.path(found) == path:  # what went had no path any more
                self._selection.select(found)
                return
        self._selection.select(self._first())

    @Slot()
    def remember(self) -> None:
        """Keep for the next start what is open, what is selected, and how it looks."""
        self._settings.set_bytes("tree", self._view.columns.dragged)
        self._settings.set_paths("hidden-columns", self._view.choice.hidden)
        self._settings.set_bytes("properties", self._properties.table.columns.dragged)
        self._settings.numbers = self._properties.bar.numbers
        mirror = self._bridge.mirror
        if mirror.entries and mirror.more and not mirror.past_ms:
            self._settings.plane = self._model.rows.plane
            self._settings.set_paths("open", self._model.rows.open_paths)
            self._settings.set_paths("selected", [mirror.path(self._selection.entry)])

    def _first(self) -> int:
        """What to speak of at first: a driver where there is one, else the root."""
        mirror = self._bridge.mirror
        for driver in mirror.drivers.values():
            if driver.service in mirror.entries:
                return driver.service
        return next(iter(mirror.children.get(0, [])), 0)
