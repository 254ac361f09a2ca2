"""The No driver page, and an extension's devices: asked in turn, bounded, kept true."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.extensions.page import ExtensionsPage
from ioregui.matching.undriven import TOGETHER, UndrivenPage
from runtime.model.entry import Entry, Holder, Kind
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, EntryId
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.personality import DEFAULT_CATEGORY
from runtime.model.records import Extension
from runtime.wire import client as wire
from runtime.wire import codec
from runtime.wire.commands.registry import DeviceMatch, Explain, ExplainExtension, Explanation

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

MODULE = Match("usbserial", KERNEL, MatchStage.MATCHED, 49_000, DEFAULT_CATEGORY)
OTHER = Match(
    "Other", "org.example.other", MatchStage.CLASS, key="IOProviderClass", wanted="IOHIDDevice"
)


@pytest.fixture
def page(bridge: Bridge, put_up: Callable[[QWidget], None]) -> UndrivenPage:
    made = UndrivenPage(bridge)
    put_up(made)
    return made


def asked(runtime: "FakeRuntime") -> list[int]:
    return [one.entry for one in runtime.commands() if isinstance(one, Explain)]


def answer_all(runtime: "FakeRuntime", answers: dict[EntryId, Explanation]) -> int:
    """Answer the questions that have come, and return how many those were."""
    count = 0
    for ask in runtime.receive():
        if isinstance(ask.command, Explain):
            found = answers.get(ask.command.entry, Explanation((OTHER,)))
            runtime.send(wire.Answer(ask.number, codec.raw(found)))
            count += 1
    return count


def titles(page: UndrivenPage) -> list[str]:
    return [str(page.model.index(row, 0).data()) for row in range(page.model.rowCount())]


def test_devices_that_something_fits(
    qtbot: QtBot, fake_runtime: "FakeRuntime", page: UndrivenPage
) -> None:
    bare = {ROOT_ID + 3, ROOT_ID + 7}  # of the sample's entries those that nothing drives
    qtbot.waitUntil(lambda: set(asked(fake_runtime)) == bare)
    for ask in fake_runtime.asked:
        if isinstance(ask.command, Explain):
            fits = ask.command.entry == ROOT_ID + 7
            found = Explanation((MODULE, OTHER) if fits else (OTHER,))
            fake_runtime.send(wire.Answer(ask.number, codec.raw(found)))
    qtbot.waitUntil(lambda: titles(page) == ["Interface@1"])
    cells = [str(page.model.index(0, column).data()) for column in range(4)]
    assert cells[1:] == [
        "IOUSBHostInterface",
        "usbserial",
        "it fits with score 49000: the kernel can load this module for the device",
    ]
    assert page.summary.text() == "1 device has no driver though one fits."


def test_a_few_questions_at_a_time_and_a_device_that_got_a_driver_leaves(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    make_entry: Callable[..., Entry],
    page: UndrivenPage,
) -> None:
    qtbot.waitUntil(lambda: answer_all(fake_runtime, {}) > 0)
    root = make_entry(0, -1, "Root")
    many = tuple(make_entry(at, 0, f"d{at}", kind=Kind.DEVICE) for at in range(1, 31))
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot((root, *many))
    fits = {entry.id: Explanation((MODULE,)) for entry in many[:20]}
    most = 0

    def all_shown() -> bool:
        nonlocal most
        most = max(most, answer_all(fake_runtime, fits))
        return len(titles(page)) == 20

    qtbot.waitUntil(all_shown)
    assert most <= TOGETHER + 1, "the page's, and one about the selected device"
    held = make_entry(1, 0, "d1", kind=Kind.DEVICE, holder=Holder.KERNEL, driver="usbserial")
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(entries=(held,))
    qtbot.waitUntil(lambda: len(titles(page)) == 19)
    assert "d1" not in titles(page)


def test_it_asks_nothing_while_nobody_looks(
    qtbot: QtBot, fake_runtime: "FakeRuntime", bridge: Bridge
) -> None:
    page = UndrivenPage(bridge)
    qtbot.addWidget(page)
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot()
    assert asked(fake_runtime) == []


def test_an_active_extension_says_what_it_makes_of_every_device(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
) -> None:
    page = ExtensionsPage(bridge)
    put_up(page)
    extension = Extension(
        "org.example.idle@abababababab",
        BundleId("org.example.idle"),
        ContentHash("cd" * 32),
        "Idle",
        "1.0",
        "1",
        ExtensionState.ACTIVE,
    )
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension,))
    page.tabs.setCurrentWidget(page.devices)
    device = DeviceMatch(EntryId(ROOT_ID + 7), "Interface@1", "IOService:/x", OTHER)
    qtbot.waitUntil(
        lambda: any(isinstance(one, ExplainExtension) for one in fake_runtime.commands())
    )
    fake_runtime.answer(ExplainExtension, Explanation(devices=(device,), elsewhere=4))
    qtbot.waitUntil(lambda: page.devices.model.rowCount() == 1)
    assert page.devices.summary.text() == (
        "Fits 0 of 0 devices of its kind; 5 others are of another kind."
    )
    assert not page.driver.isEnabled(), "it has no driver to go to"
