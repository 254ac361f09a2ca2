"""The desktop's font is the window's: large ones are respected, in lists and columns too."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from ioregui import fonts
from ioregui.bridge import Bridge
from ioregui.properties.panel import PropertiesPanel
from ioregui.window.navigation import Navigation, NavigationModel
from ioregui.window.selection import Selection
from ioregui.window.theme import Choice, Dresser
from runtime.model.identity import ROOT_ID


@pytest.fixture
def dress(qapp: QApplication) -> Iterator[None]:
    """Puts the application back into the font and the clothes that it had."""
    font, sheet = qapp.font(), qapp.styleSheet()
    yield
    qapp.setFont(font)
    qapp.setStyleSheet(sheet)


def of_size(points: float) -> QFont:
    font = QFont()
    font.setPointSizeF(points)
    return font


@pytest.mark.parametrize(("desktops", "ours"), [(9.0, 10.0), (10.0, 10.0), (18.0, 18.0)])
@pytest.mark.usefixtures("dress")
def test_text_has_the_desktops_size(
    qtbot: QtBot, qapp: QApplication, desktops: float, ours: float
) -> None:
    qapp.setFont(of_size(desktops))
    Dresser(qapp, Choice.LIGHT).deleteLater()
    plain, heading = QLabel("plain"), QLabel("heading")
    heading.setProperty("role", "heading")
    for label in (plain, heading):
        qtbot.addWidget(label)
        label.ensurePolished()
    assert plain.font().pointSizeF() == ours
    assert fonts.fixed().pointSizeF() == ours
    assert heading.font().pointSizeF() == pytest.approx(1.3 * ours)


@pytest.mark.usefixtures("dress")
def test_columns_and_titles_have_room_for_a_large_font(
    qtbot: QtBot, qapp: QApplication, bridge: Bridge
) -> None:
    widths: list[tuple[int, int]] = []
    for points in (10.0, 20.0):
        qapp.setFont(of_size(points))
        Dresser(qapp, Choice.LIGHT).deleteLater()
        pages = Navigation(NavigationModel([("Extensions", "tip")]))
        selection = Selection(qapp)
        panel = PropertiesPanel(bridge, selection)
        qtbot.addWidget(pages)
        qtbot.addWidget(panel)
        selection.select(ROOT_ID + 4)
        panel.resize(2000, 400)
        panel.show()
        widths.append((pages.minimumWidth(), panel.table.columnWidth(0)))
        title = pages.fontMetrics().horizontalAdvance("Extensions")
        assert pages.minimumWidth() > title
    (small_pages, small_key), (large_pages, large_key) = widths
    assert large_pages > 1.5 * small_pages
    assert large_key > 1.5 * small_key
