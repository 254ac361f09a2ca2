"""The tree's keys and mouse on the real widget."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.registry.cells import Column
from ioregui.registry.model import RegistryModel
from ioregui.registry.pictures import RowPictures
from ioregui.registry.view import RegistryView
from ioregui.window.selection import Selection
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Kind
from runtime.model.identity import ROOT_ID, EntryId

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

LEFT = Qt.MouseButton.LeftButton
DEVICE, INTERFACE, DRIVER = ROOT_ID + 4, ROOT_ID + 5, ROOT_ID + 6


@pytest.fixture
def selection() -> Selection:
    return Selection()


@pytest.fixture
def view(qtbot: QtBot, bridge: Bridge, selection: Selection) -> RegistryView:
    model = RegistryModel(bridge.mirror, selection, bridge)
    bridge.reset.connect(model.reset)
    bridge.changing.connect(model.apply)
    model.reset()
    made = RegistryView(model, selection)
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show()
    made.setFocus()
    return made


def model_of(view: RegistryView) -> RegistryModel:
    model = view.model()
    assert isinstance(model, RegistryModel)
    return model


def click(view: RegistryView, point: QPoint) -> None:
    QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, point)


def cell(view: RegistryView, entry_id: int) -> QPoint:
    """The middle of a row's name."""
    model = model_of(view)
    return view.visualRect(model.index(model.row_of(entry_id), Column.STATE)).center()


def arrow(view: RegistryView, entry_id: int) -> QPoint:
    model = model_of(view)
    row = model.row_of(entry_id)
    rect = view.visualRect(model.index(row, Column.NAME))
    return QPoint(rect.x() + 4 + model.depth_at(row) * 16 + 9, rect.center().y())


def test_click_selects_for_the_whole_window(view: RegistryView, selection: Selection) -> None:
    click(view, cell(view, DEVICE))
    assert selection.entry == DEVICE


def test_click_on_the_arrow_closes_and_selects_nothing(
    view: RegistryView, selection: Selection
) -> None:
    before = selection.entry
    click(view, arrow(view, DEVICE))
    assert model_of(view).row_of(INTERFACE) < 0
    assert selection.entry == before != DEVICE
    click(view, arrow(view, DEVICE))
    assert model_of(view).row_of(INTERFACE) > 0


def test_keys_of_a_tree(view: RegistryView, selection: Selection) -> None:
    selection.select(INTERFACE)
    key = Qt.Key
    for pressed, expected in (
        (key.Key_Right, DRIVER),
        (key.Key_Left, INTERFACE),
        (key.Key_Left, INTERFACE),  # closes
        (key.Key_Left, DEVICE),
        (key.Key_Home, ROOT_ID),
        (key.Key_End, ROOT_ID + 7),
    ):
        QTest.keyClick(view, pressed)
        assert selection.entry == expected
    selection.select(DEVICE)
    QTest.keyClick(view, key.Key_Minus)
    assert model_of(view).row_of(INTERFACE) < 0
    QTest.keyClick(view, key.Key_Asterisk)
    assert model_of(view).row_of(DRIVER) > 0


def test_type_ahead(view: RegistryView, selection: Selection) -> None:
    selection.select(ROOT_ID)
    QTest.keyClicks(view, "int")
    assert selection.entry == INTERFACE


def test_selection_from_elsewhere_is_opened_to_view(
    view: RegistryView, selection: Selection
) -> None:
    model = model_of(view)
    model.set_expanded(model.row_of(ROOT_ID), expanded=False)
    selection.select(DRIVER)
    assert view.currentIndex().row() == model.row_of(DRIVER) > 0


def test_machine_never_moves_the_selection(
    qtbot: QtBot,
    view: RegistryView,
    selection: Selection,
    fake_runtime: "FakeRuntime",
    make_entry: Callable[..., Entry],
) -> None:
    selection.select(ROOT_ID + 7)
    model = model_of(view)
    with qtbot.waitSignal(model.synced):
        fake_runtime.delta(
            entries=(make_entry(40, 2, "aaa"), make_entry(41, 0, "aaaa")),
            gone_entries=(EntryId(DRIVER), EntryId(INTERFACE)),
        )
    assert selection.entry == ROOT_ID + 7
    assert model.id_at(view.currentIndex().row()) == ROOT_ID + 7


def test_filter_that_hides_the_selection_keeps_it(view: RegistryView, selection: Selection) -> None:
    selection.select(ROOT_ID + 7)
    model_of(view).set_filter("IOResources")
    assert selection.entry == ROOT_ID + 7
    assert not view.currentIndex().isValid()
    model_of(view).set_filter("")
    assert model_of(view).id_at(view.currentIndex().row()) == ROOT_ID + 7


def test_copy_path_and_properties(view: RegistryView, selection: Selection) -> None:
    selection.select(DEVICE)
    view.copying.copy_path()
    path = "IOService:/Machine/pci0000:00/Sample Device@14100000"
    assert QGuiApplication.clipboard().text() == path
    view.copying.copy_properties()
    text = QGuiApplication.clipboard().text()
    assert "idVendor = 4660 (0x1234)" in text
    assert path in text


def test_screen_reader_hears_name_and_state(view: RegistryView) -> None:
    interface = QAccessible.queryAccessibleInterface(view)
    assert interface is not None
    assert interface.text(QAccessible.Text.Name) == "Registry"
    index = model_of(view).index(model_of(view).row_of(DEVICE), 0)
    role = Qt.ItemDataRole
    assert index.data(role.AccessibleTextRole) == "Sample Device@14100000"
    assert index.data(role.AccessibleDescriptionRole) == "level 4, expanded, kernel driver"


def test_kept_pictures_are_what_drawing_anew_gives(
    qtbot: QtBot,
    view: RegistryView,
    selection: Selection,
    fake_runtime: "FakeRuntime",
    make_entry: Callable[..., Entry],
    make_driver: Callable[..., object],
) -> None:
    model = model_of(view)

    def renamed() -> None:
        with qtbot.waitSignal(model.dataChanged):
            fake_runtime.delta(entries=(make_entry(3, 2, "pci0000:01", "IOPCIBridge"),))

    def plugged() -> None:
        with qtbot.waitSignal(model.rowsInserted):
            fake_runtime.delta(entries=(make_entry(50, 4, "Stick", kind=Kind.DEVICE),))

    def unplugged() -> None:
        with qtbot.waitSignal(model.dataChanged):
            fake_runtime.delta(gone_entries=(EntryId(ROOT_ID + 50),))

    def restarted() -> None:
        with qtbot.waitSignal(model.dataChanged):
            fake_runtime.delta(drivers=(make_driver(DriverState.RESTARTING, 0),))

    steps: tuple[Callable[[], object], ...] = (
        lambda: None,
        plugged,
        unplugged,
        renamed,
        restarted,
        lambda: selection.select(INTERFACE),
        lambda: model.set_filter("class:IOUSBHostInterface"),
        lambda: model.set_expanded(model.row_of(DEVICE), expanded=False),
        lambda: view.setColumnWidth(Column.DRIVER, 90),
        lambda: view.setPalette(QPalette(Qt.GlobalColor.darkBlue)),
        lambda: view.resize(500, 300),
    )
    seen = []
    for step in steps:
        step()
        kept = view.viewport().grab().toImage()
        view.pictures = RowPictures(view)
        assert kept == view.viewport().grab().toImage()
        seen.append(kept)
    assert all(before != after for before, after in pairwise(seen)), "every step is seen"
