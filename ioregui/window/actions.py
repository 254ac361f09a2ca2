"""What the user can do, as data: text, shortcut, and when it can be done.

Invariant: an action that cannot be done is disabled and says why.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from runtime.model.driver_lifecycle import LIVE
from runtime.model.records import Driver


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether something can be done."""

    connected: bool = False
    developer: bool = False
    driver: Driver | None = None
    embedded: bool = False
    past: bool = False
    file: bool = False
    back: bool = False
    pluggable: bool = False


def _always(_situation: Situation) -> str:
    return ""


def _connected(situation: Situation) -> str:
    if situation.file:
        return "This window shows a file: nothing in it can be changed."
    return "" if situation.connected else "No runtime is connected."


def _source(situation: Situation) -> str:
    return "" if situation.file else _connected(situation)


def _present(situation: Situation) -> str:
    if situation.past:
        return "The registry is shown as it was: go back to now first."
    return _connected(situation)


def _may_pull(situation: Situation) -> str:
    if not situation.pluggable:
        return "Choose a simulated or recorded device, or a part of it."
    return _present(situation)


def _followed(situation: Situation) -> str:
    return "" if situation.back else "No link was followed."


def _in_the_past(situation: Situation) -> str:
    return "" if situation.past else "The registry is shown as it is."


def _may_crash(situation: Situation) -> str:
    driver = situation.driver
    if driver is None or driver.state not in LIVE:
        return "Choose a driver that runs, or its device."
    if not situation.developer:
        return "Crashing a driver on purpose needs developer mode."
    return _present(situation)


def _may_restart(situation: Situation) -> str:
    driver = situation.driver
    if driver is None or driver.state not in LIVE:
        return "Choose a driver that runs, or its device."
    return _present(situation)


def _may_install(situation: Situation) -> str:
    if situation.connected and not situation.embedded and not situation.file:
        return "This window joined a runtime that it did not start."
    return _connected(situation)


@dataclass(frozen=True, slots=True)
class Spec:
    """One action; `why_not` returns one sentence, empty when it can be done."""

    name: str
    text: str
    tip: str
    shortcut: str = ""
    checkable: bool = False
    why_not: Callable[[Situation], str] = _always


SPECS = (
    Spec(
        "install",
        "Install sample app…",
        "Copy the sample app with its driver extension into your Applications folder",
        why_not=_connected,
    ),
    Spec(
        "launch",
        "Launch sample app",
        "Run the sample app: it asks for the activation of its driver extension",
        "Ctrl+L",
        why_not=_connected,
    ),
    Spec(
        "plug",
        "Plug sample device",
        "Plug a simulated USB device with an interrupt endpoint in",
        "Ctrl+P",
        why_not=_present,
    ),
    Spec(
        "unplug",
        "Unplug sample device",
        "Unplug the simulated USB device that was plugged last",
        "Ctrl+U",
        why_not=_present,
    ),
    Spec(
        "recorded",
        "Plug a recorded device…",
        "Plug a USB device in that lies in a file, with what was captured of it",
        "Ctrl+Shift+P",
        why_not=_present,
    ),
    Spec(
        "pull",
        "Unplug this device",
        "Unplug the selected device, a simulated or a recorded one",
        "Ctrl+Shift+U",
        why_not=_may_pull,
    ),
    Spec(
        "crash",
        "Crash it",
        "Have the selected driver's process dereference null",
        "Ctrl+Shift+K",
        why_not=_may_crash,
    ),
    Spec(
        "restart",
        "Restart driver",
        "Stop the selected driver in order and start it again",
        "Ctrl+Shift+R",
        why_not=_may_restart,
    ),
    Spec(
        "developer",
        "Developer mode",
        "Let unsigned extensions run, after approval",
        checkable=True,
        why_not=_connected,
    ),
    Spec(
        "service",
        "Install system service…",
        "One runtime for all users, which protects from their programs too; asks for a password",
        why_not=_may_install,
    ),
    Spec(
        "save",
        "Save recording…",
        "Write the registry, and if you like its past, to a file that you can send",
        "Ctrl+S",
        why_not=_source,
    ),
    Spec(
        "export",
        "Export…",
        "Write the registry as text, property list, JSON or .ioreg",
        "Ctrl+E",
        why_not=_source,
    ),
    Spec(
        "compare",
        "Compare with now",
        "Say what differs between the moment that is shown and now",
        "Ctrl+D",
        why_not=_in_the_past,
    ),
    Spec("open", "Open file…", "Open a registry file in a window of its own", "Ctrl+O"),
    Spec(
        "window",
        "Open in a new window",
        "Show the selected entry in a window of its own",
        "Ctrl+Shift+O",
    ),
    Spec(
        "back",
        "Back",
        "Return to the entry from which a link was followed",
        "Alt+Left",
        why_not=_followed,
    ),
    Spec("expand", "Expand all", "Open every row of the tree", "Ctrl+Shift+E"),
    Spec("collapse", "Collapse all", "Close every row but those above", "Ctrl+Shift+W"),
    Spec("now", "Back to now", "Show the registry as it is", "Ctrl+Shift+N", why_not=_in_the_past),
    Spec("menu", "Menu", "Open the menu", "F10"),
    Spec("theme", "Light or dark", "Go from light to dark and back", "Ctrl+T"),
    Spec("search", "Search", "Go to the search field", "Ctrl+F"),
    Spec("next", "Find next", "Go to the next entry that the search finds", "F3"),
    Spec("previous", "Find previous", "Go to the entry before that it finds", "Shift+F3"),
    Spec(
        "filter",
        "Filter",
        "Hide what the search does not find; off, F3 goes from one to the next",
        "Ctrl+Shift+F",
        checkable=True,
    ),
    Spec("quit", "Quit", "Close the window", "Ctrl+Q"),
)


class Actions(QObject):
    """The actions by name."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = {spec.name: self._make(spec) for spec in SPECS}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def all(self) -> list[QAction]:
        """Return every action, in order."""
        return list(self._actions.values())

    def update(self, situation: Situation) -> None:
        """Enable what can be done; tool tips say why the rest cannot."""
        for spec in SPECS:
            why_not = spec.why_not(situation)
            action = self._actions[spec.name]
            action.setEnabled(not why_not)
            tip = self.tr(spec.tip)
            action.setToolTip(f"{tip}\n{self.tr(why_not)}" if why_not else tip)
        self._actions["developer"].setChecked(situation.developer)

    def _make(self, spec: Spec) -> QAction:
        action = QAction(self.tr(spec.text), self)
        action.setCheckable(spec.checkable)
        action.setToolTip(self.tr(spec.tip))
        if spec.shortcut:
            action.setShortcut(QKeySequence(spec.shortcut))
        return action
