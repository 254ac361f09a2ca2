"""The choice of the plane that the tree shows.

Invariant: offers the planes that have entries, and the one that is shown whether it has some.
"""

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QComboBox

from ioregui.bridge import Bridge
from ioregui.plaintext import plain
from ioregui.registry.model import RegistryModel


class PlaneChoice(QObject):
    """Keeps a box equal to the planes of a registry, and the tree to what is chosen in it."""

    def __init__(
        self, bridge: Bridge, model: RegistryModel, box: QComboBox, wanted: str = ""
    ) -> None:
        """`wanted` is shown first, where the first snapshot has it."""
        super().__init__(box)
        self._mirror = bridge.mirror
        self._model = model
        self._box = box
        self._wanted = wanted
        self._started = False
        bridge.reset.connect(self._start)
        bridge.changed.connect(self._offer)
        bridge.travelled.connect(self._offer)
        box.activated.connect(self._chosen)
        self._offer()

    @Slot()
    def _start(self) -> None:
        """With the first entries show what is wanted, else the first plane that there is."""
        names = self._mirror.plane_names
        if not self._started and self._mirror.entries:
            self._started = True
            shown = (self._wanted, self._model.rows.plane)
            self._model.choose_plane(next((plane for plane in shown if plane in names), names[0]))
        self._offer()

    @Slot()
    def _offer(self) -> None:
        shown = self._model.rows.plane
        names = self._mirror.plane_names
        offered = names if shown in names else [*names, shown]
        if offered != [self._box.itemData(at) for at in range(self._box.count())]:
            self._box.clear()
            for name in offered:
                self._box.addItem(plain(name), name)
        self._box.setCurrentIndex(offered.index(shown))

    @Slot(int)
    def _chosen(self, at: int) -> None:
        self._model.choose_plane(self._box.itemData(at))
        self._offer()
