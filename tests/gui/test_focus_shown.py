"""What has the keyboard looks otherwise than what has not, in either theme."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ioregui.window.theme import DARK, LIGHT, Theme, palette, sheet


@pytest.fixture
def worn(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Theme]:
    """The application in a theme, and then as it was."""
    before, clothes = qapp.palette(), qapp.styleSheet()
    theme: Theme = request.param
    qapp.setPalette(palette(theme))
    qapp.setStyleSheet(sheet(theme))
    yield theme
    qapp.setPalette(before)
    qapp.setStyleSheet(clothes)


def _with_role(widget: QWidget, role: str) -> QWidget:
    widget.setProperty("role", role)
    return widget


@pytest.mark.parametrize("worn", [LIGHT, DARK], indirect=True)
def test_the_keyboard_is_seen(qtbot: QtBot, worn: Theme) -> None:
    window, banner = QWidget(), QFrame()
    banner.setProperty("role", "banner")
    in_banner = QPushButton("in a banner")
    QVBoxLayout(banner).addWidget(in_banner)
    plain = (
        *(QPushButton("plain"), QToolButton(), QCheckBox("one")),
        *(QComboBox(), QLineEdit(), QTextEdit(), QPlainTextEdit(), QTableView()),
    )
    primary = _with_role(QPushButton("primary"), "primary")
    choice = _with_role(QPushButton("choice"), "choice")
    column = QVBoxLayout(window)
    for widget in (*plain, primary, choice, banner):
        column.addWidget(widget)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    for widget in (*plain, primary, choice, in_banner):
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        with_it = widget.grab().toImage()
        widget.clearFocus()
        assert widget.grab().toImage() != with_it, (worn.name, widget)
