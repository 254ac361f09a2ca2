"""The inspector's Properties tab: what the selected entry is and says.

Invariant: shows the selected entry as the mirror has it; an entry that went stays shown as it
last was, and says so.
"""

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QMenu, QStackedWidget, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.plaintext import plain
from ioregui.properties.bar import PropertyBar
from ioregui.properties.copying import Copied, Copying
from ioregui.properties.fetching import Fetching
from ioregui.properties.forms import FORMS, Form
from ioregui.properties.links import Links
from ioregui.properties.model import PropertyModel
from ioregui.properties.rows import (
    ROWS,
    Look,
    Row,
    Steps,
    of_details,
    of_entry,
    value_at,
)
from ioregui.properties.table import PropertyTable
from ioregui.properties.whole import WholeValue
from ioregui.registry.states import GONE, state_word
from ioregui.registry.words import translated
from ioregui.window.saving import Saving
from ioregui.window.selection import Selection
from runtime.model import properties
from runtime.model.entry import Entry, Kind
from runtime.model.errors import BreachError
from runtime.model.identity import SERVICE_PLANE
from runtime.model.properties import Properties, Value
from runtime.model.records import Mode
from runtime.wire.client import Refusal
from runtime.wire.commands.registry import Describe, Details

DESCRIBED = ("IOUSB", "IOHID")
"""Classes of which a device can tell more than the registry knows."""


class PropertiesPanel(QWidget):
    """Follows the selection.

    Signals:
        extension_chosen: The user followed a link to an extension; its `Extension.id`.

    Attributes:
        saving: Writes exported properties; tells what became of it.
    """

    extension_chosen = Signal(str)

    def __init__(self, bridge: Bridge, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plane = SERVICE_PLANE
        self._bridge = bridge
        self._selection = selection
        self._links = Links(bridge.mirror)
        self._entry: Entry | None = None
        self._path = ""
        self._missed = ""  # the path of what the reader wants to see, which is not there
        self._details: list[Row] = []
        self._asked: list[int] = []  # entries described, in the order of the open commands
        self._folds: dict[Steps, bool] = {}
        self._limit = ROWS
        self.saving = Saving(self)
        self.model = PropertyModel(self)
        self.bar = PropertyBar()
        self.table = PropertyTable(self.model)
        self.copying = Copying(self.table, self.model, self.copied)
        self._stack = QStackedWidget()
        self._build()
        selection.changed.connect(self._select)
        bridge.changed.connect(self._apply)
        bridge.reset.connect(self._reset)
        bridge.travelled.connect(self._reset)
        self.table.activated_row.connect(self._activate)
        self.table.folded.connect(self._fold)
        self.bar.numbers_chosen.connect(self._look_again)

    # --- what the user does ------------------------------------------------------------------

    def copied(self, row: Row) -> Copied:
        """Return what can be copied of a row beside what it shows."""
        return Copied(self._path, self._value(row), self.bar.numbers)

    def export(self, form: Form) -> None:
        """Ask for a file and write all properties of the entry into it."""
        if self._entry is not None:
            name = f"{plain(self._entry.name).replace('/', '_')}.{form.ending}"
            self.saving.ask(self.tr("Export properties"), name, form.make(self._table()))

    @Slot(object)
    def _activate(self, row: Row) -> None:
        """Follow a link, fold or open, or show what a row leaves out."""
        value = self._value(row)
        if row.link is not None and row.link.entry:
            self._selection.follow(row.link.entry)
        elif row.link is not None:
            self.extension_chosen.emit(row.link.extension)
        elif row.opened is not None:
            self._fold(row, not row.opened)
        elif row.cut and row.steps:
            self._show_whole(row, value)
        elif row.cut:
            self._limit += ROWS
            self._look_again()

    def _show_whole(self, row: Row, value: Value | None) -> None:
        key, entry = str(row.steps[-1]), self._entry
        window = WholeValue(key, self)
        if entry is not None and row.steps[0] in self._bridge.mirror.cut(entry.id):
            Fetching(self._bridge, entry.id, key, window)
        elif isinstance(value, str | bytes):
            window.show_value(value)
        window.show()

    @Slot(object, bool)
    def _fold(self, row: Row, opened: bool) -> None:
        self._folds[row.steps] = opened
        self._look_again()

    @Slot(str)
    def show_plane(self, plane: str) -> None:
        """Say where the entry is in this plane, where it is in it."""
        self._plane = plane
        self._path = self._path_of(self._selection.entry) or self._path
        self._look_again()

    @Slot(str)
    def say_missed(self, path: str) -> None:
        """Say that what was selected is not there at the moment that is shown; empty: it is."""
        self._missed = path
        self._show()

    def _path_of(self, entry_id: int) -> str:
        mirror = self._bridge.mirror
        return mirror.tree(self._plane).path(entry_id) or mirror.path(entry_id)

    @Slot()
    def _look_again(self) -> None:
        if self._entry is not None:
            self.model.look(self._rows(self._entry))

    # --- what the machine does ---------------------------------------------------------------

    @Slot(object)
    def _select(self, entry_id: int) -> None:
        self._missed = ""
        self._entry = self._bridge.mirror.entries.get(entry_id)
        self._path = self._path_of(entry_id)
        self._details = []
        self._limit = ROWS
        self._show(anew=True)
        past = self._bridge.mirror.past_ms  # only a present device can be asked
        if self._entry is not None and not past and _tells_more(self._entry) and self._is_live:
            self._asked.append(entry_id)
            self._bridge.ask(Describe(self._entry.id), self._described, self._refused)

    @Slot(object)
    def _apply(self, changes: Changes) -> None:
        entry_id = self._selection.entry
        if entry_id in changes.removed:
            self._entry = changes.removed[entry_id]
        elif entry_id in changes.changed:
            self._entry = self._bridge.mirror.entries.get(entry_id)
        elif not (changes.drivers and self._entry is not None):
            return
        self._show()

    @Slot()
    def _reset(self) -> None:
        self._asked.clear()
        self._select(self._selection.entry)

    def _described(self, details: Details) -> None:
        self._add(of_details(details))

    def _refused(self, refusal: Refusal) -> None:
        self._add([Row(0, "note", "", plain(refusal.text))])

    def _add(self, details: list[Row]) -> None:
        if self._asked and self._asked.pop(0) == self._selection.entry:
            self._details = details
            self.model.append(details)

    def _show(self, *, anew: bool = False) -> None:
        entry = self._entry
        self._stack.setCurrentIndex(int(entry is not None))
        show = self.model.begin if anew else self.model.show
        if entry is None:
            show([])
            return
        gone = entry.id not in self._bridge.mirror.entries
        parts = [plain(entry.cls), translated(self._state_word(entry))]
        if gone:
            parts[1] = self.tr("{0}, as it last was").format(translated(GONE))
        if self._missed:
            text = self.tr("{0} was not there at that moment; this is the nearest above it")
            parts.append(text.format(plain(self._missed.rpartition("/")[2])))
        self.bar.say(plain(entry.title), " · ".join(part for part in parts if part))
        show(self._rows(entry))
        self.table.columns.fit()

    def _rows(self, entry: Entry) -> list[Row]:
        cut = self._bridge.mirror.cut(entry.id)
        look = Look(self.bar.numbers, self._folds, self._limit, self._links, self._is_live, cut)
        return of_entry(entry, self._path, self._state_word(entry), look) + self._details

    def _state_word(self, entry: Entry) -> str:
        mirror = self._bridge.mirror
        return state_word(mirror, entry, gone=entry.id not in mirror.entries)

    @property
    def _is_live(self) -> bool:
        status = self._bridge.mirror.status
        return status is not None and status.mode is not Mode.FILE

    def _table(self) -> Properties:
        try:
            return properties.decode(self._entry.props) if self._entry is not None else {}
        except BreachError:
            return {}  # the rows say so

    def _value(self, row: Row) -> Value | None:
        try:
            return value_at(self._table(), row.steps) if row.steps else None
        except LookupError:
            return None

    # --- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        menu = QMenu(self)
        for form in FORMS:
            menu.addAction(
                self.tr("As {0}…").format(self.tr(form.name)), partial(self.export, form)
            )
        self.bar.export.setMenu(menu)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.bar)
        column.addWidget(self.table, 1)
        empty = QLabel(self.tr("Choose an entry of the registry to see what it says of itself."))
        empty.setProperty("role", "muted")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        empty.setMargin(24)
        self._stack.addWidget(empty)
        self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)


def _tells_more(entry: Entry) -> bool:
    return entry.kind == Kind.DEVICE and entry.cls.startswith(DESCRIBED)
