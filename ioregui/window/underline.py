"""Underlines a part of a line edit's text.

QLineEdit has no formats of its own; those of an input method's text are shown, and change
neither the text nor the place of the cursor.
Invariant: the text stays as it is, and no `textChanged` comes of it.
"""

from PySide6.QtCore import QCoreApplication, QSignalBlocker
from PySide6.QtGui import QInputMethodEvent, QPalette, QTextCharFormat
from PySide6.QtWidgets import QLineEdit


def show(edit: QLineEdit, start: int, end: int) -> None:
    """Underline characters from `start` to before `end`; nothing where they are equal."""
    attributes = []
    if end > start:
        wrong = QTextCharFormat()
        wrong.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wrong.setUnderlineColor(edit.palette().color(QPalette.ColorRole.LinkVisited))
        kind = QInputMethodEvent.AttributeType.TextFormat
        at = start - edit.cursorPosition()
        attributes.append(QInputMethodEvent.Attribute(kind, at, end - start, wrong))
    with QSignalBlocker(edit):
        QCoreApplication.sendEvent(edit, QInputMethodEvent("", attributes))
