"""Puts the window together: every slice made once, and connected to what it follows.

Invariant: the only module that knows all slices.
"""

from PySide6.QtCore import QCoreApplication, QObject, Slot
from PySide6.QtWidgets import QApplication

from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from ioregui.drivers.log import LogPanel
from ioregui.drivers.page import DriversPage
from ioregui.drivers.process_panel import ProcessPanel
from ioregui.extensions.page import ExtensionsPage
from ioregui.household import Household
from ioregui.matching.panel import MatchingPanel
from ioregui.mirror import Changes
from ioregui.plaintext import SENTENCE, plain
from ioregui.properties.panel import PropertiesPanel
from ioregui.registry.model import RegistryModel
from ioregui.registry.view import RegistryView
from ioregui.timeline.page import TimelinePage
from ioregui.timeline.strip import TimelineStrip
from ioregui.timeline.travel import TimeTravel
from ioregui.window.actions import Actions
from ioregui.window.banners import Choice
from ioregui.window.commands import Commands
from ioregui.window.conditions import Conditions
from ioregui.window.leaving import Leaving
from ioregui.window.main_window import MainWindow, Page, Tab
from ioregui.window.selection import Selection
from ioregui.window.settings import Settings
from ioregui.window.status import running, waiting
from ioregui.window.theme import Dresser
from runtime.model.entry import Entry


class Desk(QObject):
    """Everything of one window; owned by the application.

    Attributes:
        window: The window, not shown yet.
        selection: What it speaks of.
    """

    def __init__(
        self, application: QApplication, bridge: Bridge, household: Household, settings: Settings
    ) -> None:
        super().__init__(application)
        self._bridge = bridge
        self._household = household
        self._settings = settings
        self._dresser = Dresser(application, settings.theme)
        self.selection = Selection(self)
        self._actions = Actions(self)
        self._commands = Commands(bridge, self.selection, self._actions, self)
        self._model = RegistryModel(bridge.mirror, self.selection, self)
        self.registry = RegistryView(self._model, self.selection)
        self._properties = PropertiesPanel(bridge, self.selection)
        self._matching = MatchingPanel(bridge)
        self._process = ProcessPanel(bridge)
        self._log = LogPanel(bridge)
        self._drivers = DriversPage(bridge)
        self._extensions = ExtensionsPage(bridge)
        self._approvals = ApprovalsPage(bridge)
        self._events = TimelinePage(bridge)
        self._timeline = TimelineStrip(bridge)
        self.window = MainWindow(
            bridge,
            self._actions,
            settings,
            pages=self._pages(),
            tabs=self._tabs(),
            timeline=self._timeline,
        )
        self._travel = TimeTravel(bridge, self.selection, self)
        self._gone: Entry | None = None  # the selected entry, after it went
        self._conditions = Conditions(bridge, self._commands, self.window.banners)
        self._leaving = Leaving(bridge, household, settings, self.window)
        self._connect()

    def wear(self) -> None:
        """Go from light to dark or back, and remember it."""
        self._dresser.toggle()
        self._settings.theme = self._dresser.choice

    def _pages(self) -> tuple[Page, ...]:
        tell = QCoreApplication.translate
        return (
            Page(
                "registry",
                tell("Page", "Registry"),
                tell("Page", "Every device of the machine, and what drives it"),
                self.registry,
                inspected=True,
            ),
            Page(
                "drivers",
                tell("Page", "Drivers"),
                tell("Page", "The processes of driver extensions, and how many run"),
                self._drivers,
                running,
            ),
            Page(
                "extensions",
                tell("Page", "Extensions"),
                tell("Page", "What is installed, and what each may do"),
                self._extensions,
            ),
            Page(
                "approvals",
                tell("Page", "Approvals"),
                tell("Page", "What asks to run, and how many wait for an answer"),
                self._approvals,
                waiting,
                waits=True,
            ),
            Page(
                "events",
                tell("Page", "Events"),
                tell("Page", "Everything that happened, in words"),
                self._events,
                inspected=True,
            ),
        )

    def _tabs(self) -> tuple[Tab, ...]:
        tell = QCoreApplication.translate
        return (
            Tab(tell("Tab", "Properties"), self._properties),
            Tab(tell("Tab", "Matching"), self._matching),
            Tab(tell("Tab", "Process"), self._process),
            Tab(tell("Tab", "Log"), self._log),
        )

    def _connect(self) -> None:
        bridge, selection, toolbar = self._bridge, self.selection, self.window.toolbar
        self._model.rows.open_at_first(self._settings.paths("open"))
        self.window.closing.connect(self._remember)
        bridge.reset.connect(self._model.reset)
        bridge.reset.connect(self._select_something)
        bridge.changing.connect(self._model.apply)
        bridge.changing.connect(self.registry.show_at_once)
        bridge.travelled.connect(self._model.travel)
        bridge.changed.connect(self._succeed)
        bridge.connected.connect(self._connected)
        self._household.waiting.connect(self._waiting)
        self._household.unread.connect(self._unread)
        self._model.counted.connect(toolbar.show_count)
        self._model.refused.connect(toolbar.show_error)
        toolbar.searched.connect(self._search)
        toolbar.left.connect(self.registry.setFocus)
        selection.changed.connect(self._matching.show_entry)
        selection.changed.connect(self._process.show_entry)
        selection.changed.connect(self._log.show_entry)
        self._drivers.entry_chosen.connect(selection.select)
        self._approvals.device_chosen.connect(self._show_device)
        self._events.entry_chosen.connect(selection.select)
        self._timeline.entry_chosen.connect(selection.select)
        self._timeline.moment_chosen.connect(self._travel.go_to)
        self._timeline.now_chosen.connect(self._travel.go_to_now)
        self._travel.failed.connect(self._commands.failed)
        self._actions["now"].triggered.connect(self._timeline.go_to_now)
        self._timeline.event_chosen.connect(self._events.select_event)
        self._timeline.opened.connect(self._show_events)
        self._actions["theme"].triggered.connect(self.wear)
        self._actions["next"].triggered.connect(self.registry.find_next)
        self._actions["previous"].triggered.connect(self.registry.find_previous)
        self._actions["filter"].setChecked(True)
        self._actions["filter"].toggled.connect(self._set_filtering)
        self.registry.setFocus()

    @Slot(str)
    def _search(self, text: str) -> None:
        self._model.set_filter(text)
        if text:
            self.window.show_page("registry")

    @Slot(bool)
    def _set_filtering(self, on: bool) -> None:
        self._model.set_filtering(on=on)

    @Slot(object)
    def _show_device(self, entry: int) -> None:
        self.window.show_page("registry")
        self.selection.select(entry)

    @Slot()
    def _show_events(self) -> None:
        self.window.show_page("events")

    @Slot()
    def _connected(self) -> None:
        self.window.banners.hide_banner("runtime")

    @Slot()
    def _select_something(self) -> None:
        """After a snapshot without the selected entry: the last start's, or the first."""
        mirror = self._bridge.mirror
        if self.selection.entry in mirror.entries:
            return
        for path in self._settings.paths("selected") if not self.selection.entry else ():
            if mirror.path(found := mirror.nearest(path)) == path:
                self.selection.select(found)
                return
        self.selection.select(self._first())

    @Slot()
    def _remember(self) -> None:
        """Keep for the next start what is open and what is selected."""
        mirror = self._bridge.mirror
        if mirror.entries and mirror.more and not mirror.past_ms:
            self._settings.set_paths("open", self._model.rows.open_paths)
            self._settings.set_paths("selected", [mirror.path(self.selection.entry)])

    @Slot(object)
    def _succeed(self, changes: Changes) -> None:
        """Select what came in the place of the selected entry, a restarted driver's service."""
        selected = self.selection.entry
        gone = changes.removed.get(selected) or self._model.rows.entry(selected) or self._gone
        self._gone = gone if gone is not None and gone.id == selected else None
        if self._gone is None or selected in self._bridge.mirror.entries:
            return
        for entry_id in changes.added:
            added = self._bridge.mirror.entries.get(entry_id)
            if added is not None and (added.parent, added.title) == (
                self._gone.parent,
                self._gone.title,
            ):
                self.selection.select(entry_id)
                return

    def _first(self) -> int:
        """What to speak of at first: a driver where there is one, else the root."""
        mirror = self._bridge.mirror
        for driver in mirror.drivers.values():
            if driver.service in mirror.entries:
                return driver.service
        return next(iter(mirror.children.get(0, [])), 0)

    @Slot(str)
    def _unread(self, reason: str) -> None:
        self.window.banners.show_banner("runtime", plain(reason, SENTENCE), ())

    @Slot(str, int)
    def _waiting(self, reason: str, delay_ms: int) -> None:
        seconds = f"{delay_ms / 1000:g}"
        text = self.tr("No runtime: {0}. Next attempt in {1} s.").format(
            reason.rstrip("."), seconds
        )
        choice = Choice(self.tr("Try now"), self._household.start)
        self.window.banners.show_banner("runtime", text, (choice,))
