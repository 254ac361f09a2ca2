"""The bridge over a real socket pair."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from pytestqt.qtbot import QtBot

from ioregui.bridge import SLICE_S, Bridge
from ioregui.mirror import Changes
from runtime.model.entry import Entry
from runtime.model.identity import ROOT_ID
from runtime.wire import client as wire
from runtime.wire.commands.registry import GetRecords, Subscribe

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime


def test_snapshot_then_delta(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", make_entry: Callable[..., Entry]
) -> None:
    assert bridge.is_connected
    assert len(bridge.mirror.entries) == 8
    with qtbot.waitSignal(bridge.changed) as heard:
        fake_runtime.delta(entries=(make_entry(50, 2, "New"),))
    changes = heard.args[0]
    assert isinstance(changes, Changes)
    assert changes.added == {ROOT_ID + 50}
    assert bridge.mirror.path(ROOT_ID + 50) == "IOService:/Machine/New"


def test_gap_asks_for_one_new_snapshot(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", make_entry: Callable[..., Entry]
) -> None:
    fake_runtime.sequence += 5
    fake_runtime.delta(entries=(make_entry(50, 2, "Lost"),))
    fake_runtime.delta(entries=(make_entry(51, 2, "Lost too"),))
    subscribed = [Subscribe()] * 2
    qtbot.waitUntil(lambda: fake_runtime.commands() == subscribed)
    assert ROOT_ID + 50 not in bridge.mirror.entries
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot()
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(entries=(make_entry(52, 2, "Seen"),))
    assert ROOT_ID + 52 in bridge.mirror.entries
    assert fake_runtime.commands() == subscribed


def test_burst_comes_in_batches(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", make_entry: Callable[..., Entry]
) -> None:
    batches: list[Changes] = []
    bridge.changed.connect(batches.append)
    entries = [make_entry(100 + number, 2, f"n{number}") for number in range(500)]
    fake_runtime.send(*(wire.Delta(at, entries=(new,)) for at, new in enumerate(entries, 1)))
    qtbot.waitUntil(lambda: len(bridge.mirror.children[ROOT_ID + 2]) == 501)
    qtbot.waitUntil(lambda: sum(len(batch.added) for batch in batches) == 500)
    assert len(batches) <= 10


def test_what_is_painted_at_once_comes_first_and_the_rest_before_the_mirror_goes_on(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", make_entry: Callable[..., Entry]
) -> None:
    heard: list[tuple[str, set[int], int]] = []

    def hear(name: str, changes: Changes) -> None:
        heard.append((name, changes.added, len(bridge.mirror.entries)))
        if len(heard) == 1:
            fake_runtime.delta(entries=(make_entry(51, 2, "Second"),))

    bridge.changing.connect(partial(hear, "changing"))
    bridge.changed.connect(partial(hear, "changed"))
    fake_runtime.delta(entries=(make_entry(50, 2, "First"),))
    qtbot.waitUntil(lambda: len(heard) == 4)
    assert heard == [
        ("changing", {ROOT_ID + 50}, 9),
        ("changed", {ROOT_ID + 50}, 9),
        ("changing", {ROOT_ID + 51}, 10),
        ("changed", {ROOT_ID + 51}, 10),
    ]


@pytest.mark.parametrize("slice_s", [SLICE_S, 0.0])
def test_the_mirror_stands_still_while_held(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    make_entry: Callable[..., Entry],
    monkeypatch: pytest.MonkeyPatch,
    slice_s: float,
) -> None:
    """Also where a turn has no time for more than one message."""
    monkeypatch.setattr("ioregui.bridge.SLICE_S", slice_s)
    answers: list[object] = []
    bridge.hold(True)
    fake_runtime.delta(entries=(make_entry(50, 2, "Later"),))
    bridge.ask(GetRecords(), answers.append, answers.append)
    fake_runtime.refuse(GetRecords, "failed", "no")
    qtbot.waitUntil(lambda: bool(answers))  # answers do not wait, and came after the delta
    assert ROOT_ID + 50 not in bridge.mirror.entries
    with qtbot.waitSignal(bridge.changed):
        bridge.hold(False)
    assert ROOT_ID + 50 in bridge.mirror.entries


def test_lost_connection_keeps_the_mirror_and_refuses(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    refusals: list[wire.Refusal] = []
    bridge.ask(GetRecords(), None, refusals.append)
    with qtbot.waitSignal(bridge.disconnected) as heard:
        fake_runtime.close()
    assert heard.args[0]
    assert [refusal.code for refusal in refusals] == ["disconnected"]
    assert len(bridge.mirror.entries) == 8
    bridge.ask(GetRecords(), None, refusals.append)
    assert [refusal.code for refusal in refusals] == ["disconnected"] * 2


def test_who_was_deleted_hears_no_answer(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    """A window that was closed while its command was under way is not called any more."""

    class Asker(QObject):
        def heard(self, *_: object) -> None:
            answers.append(self)

    answers: list[object] = []
    gone, alive = Asker(), Asker()
    for asker in (gone, alive):
        bridge.ask(GetRecords(), None, partial(asker.heard, 1))
        bridge.ask(GetRecords(), None, asker.heard)
    gone.deleteLater()
    QCoreApplication.sendPostedEvents(gone, QEvent.Type.DeferredDelete)
    with qtbot.waitSignal(bridge.disconnected):
        fake_runtime.close()
    assert answers == [alive, alive]
