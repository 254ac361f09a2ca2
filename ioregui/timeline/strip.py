"""The timeline as a strip: what happened, from left to right, the newest at the right.

Keys: Left and Right go from mark to mark, Home to the oldest, End back to now, Return to the
selected one in the list of events, and so does a double click. With Shift, or with Space on a
mark, the registry is shown as it was then; dragging does the same.
Invariant: paints what `axis.place` gives and nothing else; bounded by `groups.GROUPS`.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolButton, QToolTip, QWidget

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.records import moments
from ioregui.timeline import axis, present, strip_paint
from ioregui.timeline.axis import Placed
from ioregui.timeline.groups import Group, Groups, said

_LEFT = 12


class TimelineStrip(QWidget):
    """Marks on a line; one may be selected.

    Signals:
        entry_chosen: The user picked a mark; the id of the entry that it is about.
        event_chosen: The number of its first event in the journal.
        moment_chosen: Show the registry as it was then: milliseconds since 1970.
        now_chosen: Show the registry as it is.
        opened: The user wants to read the selected mark's events in full.
    """

    entry_chosen = Signal(object)
    event_chosen = Signal(object)
    moment_chosen = Signal(object)
    now_chosen = Signal()
    opened = Signal()

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._groups = Groups()
        self._selected: int | None = None
        self._last = -1  # rightmost group; follows the newest unless a mark is selected
        self._pressed: QPointF | None = None
        self._dragged = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Timeline"))
        self.setMouseTracking(True)
        self.earlier = self._button("◂", self.tr("Earlier event"), self._step_left)
        self.later = self._button("▸", self.tr("Later event"), self._step_right)
        bridge.reset.connect(self._refresh)
        bridge.changed.connect(self._changed)
        bridge.travelled.connect(self.update)
        self._refresh()

    @property
    def selected(self) -> Group | None:
        """The selected mark."""
        return None if self._selected is None else self._groups.items[self._selected]

    @property
    def marks(self) -> int:
        """How many marks there are."""
        return len(self._groups.items)

    def placed(self) -> list[Placed]:
        """Return where the marks stand now, from left to right."""
        measure = self.fontMetrics().horizontalAdvance
        return axis.place(self._groups.items, self._last, self._right(), _LEFT, measure)

    def moment_at(self, x: float) -> int:
        """Return the moment at a place, in milliseconds since 1970; 0 where now is."""
        now = present.nanoseconds(self._bridge.mirror)
        found = axis.moment_at(self._groups.items, self.placed(), x, self._right(), now)
        return 0 if found >= now else -(-found // 1_000_000)

    def sizeHint(self) -> QSize:
        """Return room for a line, its words, and the pauses below."""
        return QSize(480, 2 * self.fontMetrics().height() + 22)

    def minimumSizeHint(self) -> QSize:
        """Return the same height and any width."""
        return QSize(120, self.sizeHint().height())

    def step(self, by: int) -> None:
        """Select the mark that is `by` marks to the right of the selected one."""
        if not self._groups.items:
            return
        newest = len(self._groups.items) - 1
        here = newest + 1 if self._selected is None else self._selected
        if here + by > newest:
            self.go_to_now()
        else:
            self._select(max(0, here + by))

    def go_to_now(self) -> None:
        """Select nothing, follow the newest event again, and show the registry as it is."""
        self.now_chosen.emit()
        self._selected = None
        self._last = len(self._groups.items) - 1
        self._say(present.word(self._bridge.mirror))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the line, the marks, their words and the pauses."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        placed, mirror = self.placed(), self._bridge.mirror
        end = present.word(mirror) if self._groups.items else present.nothing(mirror)
        strip_paint.paint(
            painter, self, self._groups.items, placed, selected=self._selected, end=end
        )
        shown = mirror.past_ms * 1_000_000
        if shown:
            now = present.nanoseconds(mirror)
            x = axis.place_of(self._groups.items, placed, shown, self._right(), now)
            strip_paint.paint_moment(painter, self, x, moments.clock(shown))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the mark under the pointer; what follows may be a drag."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pressed, self._dragged = event.position(), False
        number = self._at(event.position())
        if number is not None:
            self._select(number, scroll=False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the registry as it was at the place that is dragged to."""
        if self._pressed is None:
            return
        x = event.position().x()
        distance = QApplication.startDragDistance()
        if not self._dragged and abs(x - self._pressed.x()) < distance:
            return
        self._dragged = True
        if x < _LEFT and self._last > 0:
            self._last -= 1  # dragging past the left end goes on to older events
        self._choose_moment(self.moment_at(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Beside every mark go back to now, unless it was a drag."""
        if self._pressed is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        pressed, self._pressed = self._pressed, None
        if not self._dragged and self._at(pressed) is None:
            self.go_to_now()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the mark under the pointer."""
        if self._at(event.position()) is not None:
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from mark to mark, with Shift in the registry too."""
        match event.key():
            case Qt.Key.Key_Left:
                self.step(-1)
            case Qt.Key.Key_Right:
                self.step(1)
            case Qt.Key.Key_Home if self._groups.items:
                self._select(0)
            case Qt.Key.Key_Space:
                self.show_selected_moment()
                return
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._selected is not None:
                self.opened.emit()
            case Qt.Key.Key_End | Qt.Key.Key_Escape:
                self.go_to_now()
            case _:
                super().keyPressEvent(event)
                return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.show_selected_moment()

    def event(self, event: QEvent) -> bool:
        """Show what a mark stands for while the pointer rests on it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self._at(QPointF(event.pos()))
            text = "" if number is None else said(self._groups.items[number])
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the buttons at the right end."""
        super().resizeEvent(event)
        half = strip_paint.BUTTONS // 2
        for at, button in enumerate((self.earlier, self.later)):
            left = self.width() - (2 - at) * half
            button.setGeometry(left, 4, half - 4, self.fontMetrics().height() + 12)

    def show_selected_moment(self) -> None:
        """Show the registry as it was just after the selected mark."""
        if self.selected is not None:
            self._choose_moment(-(-self.selected.last_ns // 1_000_000))

    def _choose_moment(self, ms: int) -> None:
        if ms:
            self.moment_chosen.emit(ms)
            self._say(moments.date_and_clock(ms * 1_000_000))
        else:
            self.now_chosen.emit()
            self._say(present.word(self._bridge.mirror))

    def _right(self) -> int:
        """Where the marks end and now begins."""
        word = self.fontMetrics().horizontalAdvance(present.word(self._bridge.mirror))
        return strip_paint.right_end(self.width()) - word - axis.SPACE

    def _button(self, glyph: str, name: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setText(glyph)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the strip's own keys do the same
        button.clicked.connect(slot)
        return button

    @Slot()
    def _step_left(self) -> None:
        self.step(-1)

    @Slot()
    def _step_right(self) -> None:
        self.step(1)

    def _at(self, position: QPointF) -> int | None:
        for placed in self.placed():
            if QRect(placed.x - 4, 0, placed.width + 8, self.height()).contains(position.toPoint()):
                return placed.group
        return None

    def _select(self, number: int, *, scroll: bool = True) -> None:
        self._selected = number
        if scroll and number not in {placed.group for placed in self.placed()}:
            self._last = min(len(self._groups.items) - 1, max(number, 0))
            self._widen(number)
        first = self._groups.items[number].events[0]
        self._say(said(self._groups.items[number]))
        self.update()
        self.event_chosen.emit(first.number)
        if first.entry:
            self.entry_chosen.emit(first.entry)

    def _widen(self, number: int) -> None:
        """Show as much of what came after a mark as leaves the mark itself in view."""
        while self._last + 1 < len(self._groups.items):
            self._last += 1
            shown = self.placed()
            if not shown or shown[0].group > number:
                self._last -= 1
                return

    def _say(self, text: str) -> None:
        self.setAccessibleDescription(text)
        changed = QAccessible.Event.DescriptionChanged
        QAccessible.updateAccessibility(QAccessibleEvent(self, changed))

    @Slot()
    def _refresh(self) -> None:
        self._groups.clear()
        self._groups.append(self._bridge.mirror.events)
        self._selected = None
        self._last = len(self._groups.items) - 1
        self.update()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if not changes.events:
            return
        followed = self._last == len(self._groups.items) - 1
        gone = self._groups.append(changes.events)
        if self._selected is not None:
            self._selected = self._selected - gone if self._selected >= gone else None
        self._last = len(self._groups.items) - 1 if followed else max(0, self._last - gone)
        self.update()
