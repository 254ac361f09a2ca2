"""A value that changes while its entry is shown is marked and says what it was."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.properties.model import Column, PropertyModel
from ioregui.properties.panel import PropertiesPanel
from ioregui.window.selection import Selection
from runtime.model.entry import Kind
from runtime.model.identity import ROOT_ID
from tests.gui.conftest import entry

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

DESCRIPTION = int(Qt.ItemDataRole.AccessibleDescriptionRole)


def descriptions(model: PropertyModel) -> dict[str, str]:
    """What a screen reader says beside the values that changed or came."""
    found = {
        model.rows[row].key: model.data(model.index(row, Column.VALUE), DESCRIPTION)
        for row in range(model.rowCount())
    }
    return {key: str(said) for key, said in found.items() if said and "a link" not in str(said)}


def test_what_changed_is_marked_until_another_entry_is_shown(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    selection = Selection()
    panel = PropertiesPanel(bridge, selection)
    qtbot.addWidget(panel)
    selection.select(ROOT_ID + 7)

    def say(**props: object) -> None:
        with qtbot.waitSignal(bridge.changed):
            changed = entry(7, 4, "Interface", "IOService", kind=Kind.DEVICE, props=props)
            fake_runtime.delta(entries=(changed,))

    say(speed=1, power="on")
    assert descriptions(panel.model)["speed"] == "new since the entry is shown"
    selection.select(ROOT_ID + 4)
    selection.select(ROOT_ID + 7)
    say(speed=2, power="on")
    assert descriptions(panel.model)["speed"] == "changed, it was: 1"
    assert "power" not in descriptions(panel.model)
    say(speed=3, power="on", more=1)
    assert descriptions(panel.model)["speed"] == "changed, it was: 1"
    say(speed=1, power="on", more=1)
    assert "speed" not in descriptions(panel.model), "it says again what it said"
    say(speed=4)
    selection.select(ROOT_ID + 4)
    selection.select(ROOT_ID + 7)
    assert descriptions(panel.model) == {}
