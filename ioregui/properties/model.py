"""The property inspector's rows as a table model.

While one entry is shown, values that change are marked and say what they were.
Invariant: rows that stay keep their place: a change of values never resets the view.
"""

from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QFont, QGuiApplication, QPalette

from ioregui.properties.rows import Row
from ioregui.registry import diff

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_SPOKEN = int(Qt.ItemDataRole.AccessibleTextRole)
_TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
_DESCRIPTION = int(Qt.ItemDataRole.AccessibleDescriptionRole)
_FONT = int(Qt.ItemDataRole.FontRole)
_COLOUR = int(Qt.ItemDataRole.ForegroundRole)
_INDENT = "\u2003"
_FOLDS = {True: "▾ ", False: "▸ ", None: ""}


Key = tuple[int, str, int]
"""Depth, key, and which of several with these."""


def keyed(rows: list[Row]) -> dict[Key, Row]:
    """Return rows by what identifies them, in order."""
    found: dict[Key, Row] = {}
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        name = (row.depth, "/".join(map(str, row.steps)) or row.key)
        seen[name] = seen.get(name, -1) + 1
        found[*name, seen[name]] = row
    return found


class Column(IntEnum):
    """The columns, in order."""

    KEY = 0
    TYPE = 1
    VALUE = 2
    SOURCE = 3


class PropertyModel(QAbstractTableModel):
    """Rows of one entry; empty when none is selected."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._keys: list[Key] = []  # of the rows, in order
        self._was: dict[Key, str] = {}  # values that changed, as they were when first shown
        self._new: set[Key] = set()  # keys that came while the entry was shown
        self._heading = QFont()
        self._heading.setWeight(QFont.Weight.DemiBold)
        self._link = QFont()
        self._link.setUnderline(True)

    def begin(self, rows: list[Row]) -> None:
        """Show another entry: nothing has changed yet."""
        self._was.clear()
        self._new.clear()
        self.beginResetModel()
        self.rows, self._keys = rows, list(keyed(rows))
        self.endResetModel()

    def show(self, rows: list[Row]) -> None:
        """Show what the same entry says now; rows with the same keys stay where they are."""
        old = dict(zip(self._keys, self.rows, strict=True))
        for key, row in keyed(rows).items():
            before = old.get(key)
            if before is None:
                self._new.add(key)
            elif before.value != row.value:
                self._was.setdefault(key, before.value)
        self.look(rows)

    def look(self, rows: list[Row]) -> None:
        """Show the same facts in another way: folded or opened, or in another base."""
        keys = list(keyed(rows))
        numbers: dict[Key, int] = {}
        for key in (*self._keys, *keys):
            numbers.setdefault(key, len(numbers))
        before, after = [numbers[key] for key in self._keys], [numbers[key] for key in keys]
        for step in diff.steps(before, after):
            self._carry_out(step, rows, keys)
        changed = [at for at, row in enumerate(rows) if row != self.rows[at]]
        self.rows = list(rows)
        if changed:
            first, last = changed[0], changed[-1]
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def was(self, at: int) -> str | None:
        """Return what a row said when the entry was first shown, None when it says that."""
        was = self._was.get(self._keys[at])
        return was if was != self.rows[at].value else None

    def is_new(self, at: int) -> bool:
        """Return whether a row came while the entry was shown."""
        return self._keys[at] in self._new

    def append(self, rows: list[Row]) -> None:
        """Add rows at the end, read later than the others."""
        self.look(self.rows + rows)

    def parent_row(self, at: int) -> int:
        """Return the row that a row is nested in, its own where it is in none."""
        depth = self.rows[at].depth
        above = (row for row in range(at, -1, -1) if self.rows[row].depth < depth)
        return next(above, at)

    def _carry_out(self, step: diff.Step, rows: list[Row], keys: list[Key]) -> None:
        first, end = step.first, step.last + 1
        match step:
            case diff.Remove():
                self.beginRemoveRows(_NOWHERE, first, step.last)
                del self.rows[first:end], self._keys[first:end]
                self.endRemoveRows()
            case diff.Insert():
                self.beginInsertRows(_NOWHERE, first, step.last)
                self.rows[first:first] = rows[first:end]
                self._keys[first:first] = keys[first:end]
                self.endInsertRows()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = 0) -> str | QFont | QBrush | None:
        """Qt's."""
        at, column = index.row(), index.column()
        if role == _DISPLAY:
            return self._shown(at, column)
        if role == _SPOKEN:
            return _text(self.rows[at], column)
        if role == _FONT:
            return self._font(at, column)
        return self._about_value(at, role) if column == Column.VALUE else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        """Qt's."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _TOOL_TIP and section == Column.SOURCE:
            return self.tr("Who says so: udev, sysfs, the runtime, the personality, the driver")
        names = (self.tr("Key"), self.tr("Type"), self.tr("Value"), self.tr("Source"))
        return names[section] if role == 0 else None

    def _about_value(self, at: int, role: int) -> str | QBrush | None:
        row = self.rows[at]
        if role == _DESCRIPTION:
            return ", ".join(self._said(at))
        if role == _TOOL_TIP:
            return "\n".join(part for part in (row.value, *self._said(at)) if part) or None
        if role == _COLOUR and row.link is not None:
            return QGuiApplication.palette().brush(QPalette.ColorRole.Link)
        return None

    def _shown(self, at: int, column: int) -> str:
        row = self.rows[at]
        text = _text(row, column)
        if column == Column.KEY:
            return f"{_INDENT * row.depth}{_FOLDS[row.opened]}{text}"
        if column == Column.VALUE and not row.heading:
            return "   ".join((text, *self._marks(at)))
        return text

    def _marks(self, at: int) -> list[str]:
        """What has become of a row since its entry is shown, in a word."""
        if self.is_new(at):
            return [self.tr("· new")]
        was = self.was(at)
        return [] if was is None else [self.tr("· was {0}").format(was)]

    def _said(self, at: int) -> list[str]:
        """What is said of a value beside it."""
        row, was = self.rows[at], self.was(at)
        words = []
        if row.opened is not None:
            words.append(self.tr("expanded") if row.opened else self.tr("collapsed"))
        if row.link is not None:
            words.append(self.tr("a link: Return follows it"))
        if row.cut:
            words.append(self.tr("there is more: Return shows it"))
        if self.is_new(at):
            words.append(self.tr("new since the entry is shown"))
        elif was is not None:
            words.append(self.tr("changed, it was: {0}").format(was))
        return words

    def _font(self, at: int, column: int) -> QFont | None:
        row = self.rows[at]
        if row.heading or self.is_new(at) or self.was(at) is not None:
            return self._heading
        return self._link if row.link is not None and column == Column.VALUE else None


def _text(row: Row, column: int) -> str:
    return (row.key, row.kind, row.value, row.source)[column]
