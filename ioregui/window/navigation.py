"""The list at the left: the pages of the window, with how much is in each.

Invariant: one row a page, in the order given; the current row is the page shown.
"""

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_TIP = int(Qt.ItemDataRole.ToolTipRole)
_ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
COUNT = int(Qt.ItemDataRole.UserRole)
_AROUND = 40  # pixels beside the text of a row
WAITING = int(Qt.ItemDataRole.UserRole) + 1


@dataclass(slots=True)
class Item:
    """One page: `count` says how much is in it, 0 nothing; `waiting` that it waits for the user."""

    title: str
    tip: str
    count: int = 0
    waiting: bool = False


class NavigationModel(QAbstractListModel):
    """The pages."""

    def __init__(self, pages: list[tuple[str, str]], parent: QObject | None = None) -> None:
        """Show pages, each with its title and what it is in a sentence."""
        super().__init__(parent)
        self._items = [Item(title, tip) for title, tip in pages]

    def set_count(self, row: int, count: int, *, waiting: bool = False) -> None:
        """Say how much is in a page."""
        item = self._items[row]
        if (item.count, item.waiting) != (count, waiting):
            item.count, item.waiting = count, waiting
            self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = 0) -> str | int | bool | None:
        """Qt's."""
        item = self._items[index.row()]
        if role == _DISPLAY:
            return item.title
        if role == _TIP:
            return item.tip
        if role == _ACCESSIBLE:
            return f"{item.title}, {item.count}" if item.count else item.title
        if role == COUNT:
            return item.count
        return item.waiting if role == WAITING else None


class _Delegate(QStyledItemDelegate):
    """Draws a title at the left and a count at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Qt's."""
        return QSize(0, option.fontMetrics.height() + 16)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's."""
        palette: QPalette = option.palette
        rect = QRect(option.rect).adjusted(2, 1, -2, -1)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if selected or hovered:
            painter.setBrush(palette.highlight() if selected else palette.alternateBase())
            painter.drawRoundedRect(rect, 5, 5)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        inner = rect.adjusted(10, 0, -10, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, index.data(_DISPLAY))
        if count := index.data(COUNT):
            quiet = QPalette.ColorRole.PlaceholderText
            role = QPalette.ColorRole.Link if index.data(WAITING) else quiet
            if not selected:
                painter.setPen(palette.color(role))
            painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, str(count))
        painter.restore()


class Navigation(QListView):
    """The list.

    Signals:
        chosen: The row of the page to show.
    """

    chosen = Signal(int)

    def __init__(self, model: NavigationModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "navigation")
        self.setAccessibleName(self.tr("Pages"))
        self.setModel(model)
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(self._least_width())

    def show_row(self, row: int) -> None:
        """Choose a page."""
        self.setCurrentIndex(self.model().index(row, 0))

    def _least_width(self) -> int:
        """The width at which every title is read whole, with a count of two digits."""
        rows = [self.model().index(row, 0) for row in range(self.model().rowCount())]
        titles = [f"{row.data(_DISPLAY)} 99" for row in rows]
        return _AROUND + max(map(self.fontMetrics().horizontalAdvance, titles))

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Qt's."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(current.row())
