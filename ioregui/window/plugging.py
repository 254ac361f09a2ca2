"""Plugs simulated and recorded devices in and out: a command to the runtime each.

Invariant: never waits; a refusal is shown in the runtime's own words.
"""

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ioregui.bridge import Bridge
from ioregui.mirror import Mirror
from ioregui.plaintext import SENTENCE, plain
from ioregui.window.actions import Actions
from ioregui.window.recorded import CAPTURES, RecordedDeviceDialog
from ioregui.window.selection import Selection
from runtime.model import properties
from runtime.model.identity import EntryId
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Plugged, PlugRecorded, Unplug, UnplugEntry

SAMPLE = "sample"
"""The model of the simulated device that the menu plugs."""

RECORDED = (".umockdev", *CAPTURES)
"""How files of recorded devices end; every other that is dropped is a registry's."""


class Plugging(QObject):
    """Connects the actions that plug to the runtime.

    Signals:
        told: One sentence on what was done.
        failed: One sentence on what was not.
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(
        self, bridge: Bridge, selection: Selection, actions: Actions, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self._actions = actions
        self._coming = 0  # what was plugged, until it is in the mirror
        self.dialog = RecordedDeviceDialog(parent)
        self.dialog.decided.connect(self._plug_recorded)
        actions["plug"].triggered.connect(partial(self._ask, Plug(SAMPLE)))
        actions["unplug"].triggered.connect(partial(self._ask, Unplug(SAMPLE)))
        actions["recorded"].triggered.connect(self.choose)
        actions["pull"].triggered.connect(self.pull)
        bridge.changed.connect(self._select_what_came)
        selection.changed.connect(self._forget)

    @Slot()
    def choose(self) -> None:
        """Ask for the files of a recorded device."""
        self.dialog.ask([])

    def take(self, file: str) -> bool:
        """Ask about a file that was dropped on the window, if it is a recorded device's."""
        if not (file.endswith(RECORDED) and self._actions["recorded"].isEnabled()):
            return False
        self.dialog.ask([file])
        return True

    @Slot()
    def pull(self) -> None:
        """Unplug the device that is selected."""
        self._ask(UnplugEntry(EntryId(self._selection.entry)))

    def _ask(self, command: Plug | Unplug | UnplugEntry) -> None:
        done = self._plugged if isinstance(command, Plug) else self._unplugged
        self._bridge.ask(command, done, self._refused)

    @Slot(str, str)
    def _plug_recorded(self, device: str, capture: str) -> None:
        self._bridge.ask(
            PlugRecorded(device, capture), self._plugged_recorded, self._refused_recorded
        )

    def _plugged_recorded(self, plugged: Plugged) -> None:
        self.dialog.close()
        self._plugged(plugged)

    def _refused_recorded(self, refusal: wire.Refusal) -> None:
        self.dialog.refuse(plain(refusal.text, SENTENCE))

    def _plugged(self, plugged: Plugged) -> None:
        self._coming = plugged.entry
        self._select_what_came()
        self.told.emit(self.tr("Plugged in: {0}").format(_device(plugged)))

    @Slot()
    def _select_what_came(self) -> None:
        """Select what was plugged once it is there: the answer may be ahead of it."""
        if self._coming in self._bridge.mirror.entries:
            self._selection.select(self._coming)
            self._coming = 0

    @Slot()
    def _forget(self) -> None:
        """Leave the selection alone: somebody else has made one since."""
        self._coming = 0

    def _unplugged(self, plugged: Plugged) -> None:
        self.told.emit(self.tr("Unplugged: {0}").format(_device(plugged)))

    def _refused(self, refusal: wire.Refusal) -> None:
        self.failed.emit(plain(refusal.text, SENTENCE))


def is_pluggable(mirror: Mirror, entry: int) -> bool:
    """Whether an entry is a simulated or recorded device, or a part of one."""
    record = mirror.entries.get(entry)
    while record is not None:
        above = mirror.entries.get(record.parent)
        if above is not None and above.cls == "IOUSBHostPort":
            return properties.decode(above.props).get("Simulated") is True
        record = above
    return False


def _device(plugged: Plugged) -> str:
    """Return a device's name and place, the last part of its path."""
    return plain(plugged.path.rpartition("/")[2], SENTENCE)
