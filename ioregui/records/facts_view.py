"""Facts on the screen: one read-only document, to be read, selected and copied as a whole.

Text is inserted as characters, never parsed, so that no name can bring markup into it.
Invariant: showing the same facts again changes nothing, the reader's selection and place
least of all.
"""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableFormat,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from ioregui.records import tones
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup, as_text

_LABEL_SPACE = 24  # between the longest label and the texts
_MARGIN = 12


class FactsView(QTextEdit):
    """Shows a headline and groups of facts."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Make an empty view; `name` is what a screen reader says."""
        super().__init__(parent)
        self._shown: tuple[str, tuple[FactGroup, ...]] = ("", ())
        self.setAccessibleName(name)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(_MARGIN)

    def show_facts(self, headline: str, groups: tuple[FactGroup, ...]) -> None:
        """Show these facts; under the same headline the place in the document stays."""
        if (headline, groups) != self._shown:
            place = self.verticalScrollBar().value() if headline == self._shown[0] else 0
            self._shown = (headline, groups)
            self._write(place)

    def text(self) -> str:
        """Return what is shown, for the clipboard."""
        return as_text(*self._shown)

    def changeEvent(self, event: QEvent) -> None:
        """Take new colours and fonts."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange}:
            self._write(self.verticalScrollBar().value())

    def _write(self, place: int) -> None:
        self.setUpdatesEnabled(False)
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        headline, groups = self._shown
        if headline:
            cursor.insertText(headline, self._headline())
        labels = self._label_width(groups)
        for group in groups:
            self._insert_group(cursor, group, labels)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)  # what is at the cursor is kept in view
        self.verticalScrollBar().setValue(place)
        self.setUpdatesEnabled(True)

    def _label_width(self, groups: tuple[FactGroup, ...]) -> int:
        """Return one width for all groups, so that their texts stand below each other."""
        metrics = self.fontMetrics()
        labels = (fact.label for group in groups for fact in group.facts)
        return _LABEL_SPACE + max((metrics.horizontalAdvance(one) for one in labels), default=0)

    def _insert_group(self, cursor: QTextCursor, group: FactGroup, labels: int) -> None:
        space = QTextBlockFormat()
        space.setTopMargin(_MARGIN)
        space.setBottomMargin(2)
        if self.document().isEmpty():
            cursor.setBlockFormat(QTextBlockFormat())
        else:
            cursor.insertBlock(space)
        cursor.insertText(group.title, self._title())
        if not group.facts:
            return
        table = cursor.insertTable(len(group.facts), 2, _table(labels))
        for row, fact in enumerate(group.facts):
            at = table.cellAt(row, 0).firstCursorPosition()
            at.insertText(fact.label, self._label())
            at = table.cellAt(row, 1).firstCursorPosition()
            at.insertText(_shown(fact), self._text(fact))
        cursor.movePosition(QTextCursor.MoveOperation.End)

    def _headline(self) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setFontWeight(QFont.Weight.DemiBold)
        style.setProperty(QTextCharFormat.Property.FontSizeAdjustment, 1)
        style.setForeground(self.palette().color(QPalette.ColorRole.Text))
        return style

    def _title(self) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setFontWeight(QFont.Weight.DemiBold)
        style.setForeground(self.palette().color(QPalette.ColorRole.Text))
        return style

    def _label(self) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setForeground(tones.colour(Tone.QUIET, self.palette()))
        return style

    def _text(self, fact: Fact) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setForeground(tones.colour(fact.tone, self.palette()))
        if fact.exact:
            family = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
            style.setFontFamilies([family])
        return style


def _shown(fact: Fact) -> str:
    """Return a fact's text with its glyph; what is quiet needs none."""
    return fact.text if fact.tone is Tone.QUIET else tones.marked(fact.tone, fact.text)


def _table(labels: int) -> QTextTableFormat:
    style = QTextTableFormat()
    style.setBorder(0)
    style.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
    style.setCellPadding(2)
    style.setCellSpacing(0)
    style.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    style.setColumnWidthConstraints(
        [
            QTextLength(QTextLength.Type.FixedLength, labels),
            QTextLength(QTextLength.Type.VariableLength, 0),
        ]
    )
    return style
