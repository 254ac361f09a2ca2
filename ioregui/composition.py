"""Puts the window together: every slice made once, and connected to what it follows.

Invariant: the only module that knows all slices.
"""

import os

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication

from ioregui.approvals.herald import Herald, tray
from ioregui.approvals.notification import notification
from ioregui.bridge import Bridge
from ioregui.debugger.windows import DebuggerWindows
from ioregui.export.saver import Saver
from ioregui.household import Household
from ioregui.plaintext import SENTENCE, plain
from ioregui.records import moments
from ioregui.registry.plane_choice import PlaneChoice
from ioregui.slices import Slices
from ioregui.timeline.travel import TimeTravel
from ioregui.window import front
from ioregui.window.actions import Actions
from ioregui.window.banners import Choice
from ioregui.window.commands import Commands
from ioregui.window.conditions import Conditions
from ioregui.window.leaving import Leaving
from ioregui.window.main_window import MainWindow
from ioregui.window.memory import Memory
from ioregui.window.plugging import Plugging
from ioregui.window.selection import Selection
from ioregui.window.service import ServiceSetup
from ioregui.window.settings import Settings
from ioregui.window.succession import Succession
from ioregui.window.theme import Dresser
from runtime.model.identity import RequestId


class Desk(QObject):
    """Everything of one window; owned by the application.

    Attributes:
        bridge: Its connection; not owned.
        window: The window, not shown yet.
        selection: What it speaks of.
        actions: What the user can do, by name.
        model: The rows of the tree.
        registry: The tree.
        debuggers: The windows of drivers that are debugged.
        plugging: Plugs simulated and recorded devices.

    Signals:
        unreached: There is no runtime now, and why.
    """

    unreached = Signal(str)

    def __init__(
        self,
        application: QApplication,
        bridge: Bridge,
        household: Household,
        settings: Settings,
        dresser: Dresser | None = None,
    ) -> None:
        """`dresser` is what other windows share; without one this is the only window."""
        super().__init__(application)
        self.bridge = bridge
        self._household = household
        self._settings = settings
        self._dresser = dresser or Dresser(application, settings.theme)
        self.selection = Selection(self)
        self.actions = Actions(self)
        self._commands = Commands(bridge, self.selection, self.actions, self)
        with self._dresser.undressed():
            self._slices = slices = Slices(bridge, household, self.selection, self)
            self.model, self.registry = slices.model, slices.registry
            self.window = MainWindow(
                bridge,
                self.actions,
                settings,
                pages=slices.pages(file=household.file is not None),
                tabs=slices.inspector.tabs(),
                timeline=slices.timeline,
                file=household.file is not None,
            )
        slices.keep(self.window)
        self.plugging = Plugging(bridge, self.selection, self.actions, self.window)
        if household.file is not None:
            self.window.setWindowTitle(plain(household.file.name))
        self._travel = TimeTravel(bridge, self.selection, self)
        self._memory = Memory(
            bridge,
            self.selection,
            settings,
            view=self.registry,
            model=self.model,
            properties=slices.inspector.properties,
        )
        self._conditions = Conditions(
            bridge, self._commands, self.window.banners, self.window.status
        )
        self._service = ServiceSetup(bridge, self.window.banners)
        self._saver = Saver(bridge, household, self.actions, self.window, slices.shown_plane)
        self._herald = Herald(
            bridge, self.window, tray(self.window), notification(self.window, os.environ)
        )
        self.debuggers = DebuggerWindows(bridge, self)
        self._leaving = Leaving(bridge, household, settings, self.window)
        self._connect()

    def start(self) -> None:
        """Begin to show what the window is for."""
        self._household.start()

    def wear(self) -> None:
        """Go from light to dark or back, and remember it."""
        self._dresser.toggle()
        self._settings.theme = self._dresser.choice

    def _connect(self) -> None:
        bridge, model = self.bridge, self.model
        bridge.reset.connect(model.reset)
        bridge.reset.connect(self._memory.select_something)
        bridge.reset.connect(self._show_drivers)
        PlaneChoice(bridge, model, self.window.toolbar.plane, self._settings.plane)
        bridge.changing.connect(model.apply)
        model.turns.going_on.connect(bridge.hold)
        bridge.changing.connect(self.registry.show_at_once)
        bridge.travelled.connect(model.travel)
        bridge.connected.connect(self._connected)
        Succession(bridge, self.selection, model.rows.entry)
        self.window.closing.connect(self._memory.remember)
        self._household.waiting.connect(self._waiting)
        self._household.unread.connect(self._unread)
        self._connect_search()
        self._connect_slices()
        self._connect_files()
        self.actions["theme"].triggered.connect(self.wear)
        self.registry.setFocus()

    def _connect_search(self) -> None:
        model, toolbar, actions = self.model, self.window.toolbar, self.actions
        model.counted.connect(toolbar.show_count)
        model.refused.connect(toolbar.show_error)
        toolbar.searched.connect(self._search)
        toolbar.left.connect(self.registry.setFocus)
        actions["next"].triggered.connect(self.registry.find_next)
        actions["previous"].triggered.connect(self.registry.find_previous)
        actions["filter"].setChecked(True)
        actions["filter"].toggled.connect(self._set_filtering)
        actions["expand"].triggered.connect(model.expand_all)
        actions["collapse"].triggered.connect(model.collapse_all)

    def _connect_slices(self) -> None:
        slices, selection, travel = self._slices, self.selection, self._travel
        slices.drivers.entry_chosen.connect(selection.select)
        slices.undriven.entry_chosen.connect(selection.select)
        for details in (slices.drivers.details, slices.inspector.process.details):
            details.actions_row.opened.connect(self.debuggers.enter)
        self.window.closing.connect(self.debuggers.close)
        slices.extensions.entry_chosen.connect(self._show_entry)
        slices.extensions.request_chosen.connect(self._show_inbox)
        slices.approvals.device_chosen.connect(self._show_entry)
        self._herald.opened.connect(self._show_inbox)
        slices.events.entry_chosen.connect(selection.select)
        slices.timeline.entry_chosen.connect(selection.select)
        slices.timeline.moment_chosen.connect(travel.go_to)
        slices.timeline.now_chosen.connect(travel.go_to_now)
        slices.timeline.event_chosen.connect(slices.events.select_event)
        slices.timeline.opened.connect(self._show_events)
        travel.failed.connect(self._commands.failed)
        travel.missed.connect(slices.inspector.properties.say_missed)
        self.actions["now"].triggered.connect(slices.timeline.go_to_now)
        self.actions["back"].triggered.connect(selection.go_back)
        properties = slices.inspector.properties
        self.model.plane_chosen.connect(properties.show_plane)
        self.model.plane_chosen.connect(self.window.show_plane)
        properties.extension_chosen.connect(self.show_extension)
        properties.saving.told.connect(self._commands.told)
        properties.saving.failed.connect(self._commands.failed)

    def _connect_files(self) -> None:
        compare, saver, commands = self._slices.compare, self._saver, self._commands
        self.actions["compare"].triggered.connect(self._compare_with_now)
        compare.entry_asked.connect(self._show_path)
        compare.told.connect(commands.told)
        saver.told.connect(commands.told)
        self.plugging.told.connect(commands.told)
        self.plugging.failed.connect(commands.failed)
        saver.failed.connect(commands.failed)
        self.actions["service"].triggered.connect(self._service.install)
        self._service.told.connect(commands.told)
        self._service.failed.connect(commands.failed)
        self.window.closing.connect(compare.end)
        self.window.closing.connect(saver.end)
        self.window.closing.connect(self._herald.end)

    @Slot(str)
    def show_extension(self, extension: str) -> None:
        """Go to an extension, by its `Extension.id`."""
        self.window.show_page("extensions")
        self._slices.extensions.select_extension(extension)

    @Slot()
    def _show_drivers(self) -> None:
        """A file of another system may know no drivers as this one has them."""
        entries = self.bridge.mirror.entries.values()
        self.registry.show_drivers(shown=any(entry.kind for entry in entries) or not entries)

    @Slot(str)
    def _search(self, text: str) -> None:
        self.model.set_filter(text)
        if text:
            self.window.show_page("registry")

    @Slot(bool)
    def _set_filtering(self, on: bool) -> None:
        self.model.set_filtering(on=on)

    @Slot(object)
    def _show_entry(self, entry: int) -> None:
        self.window.show_page("registry")
        self.selection.select(entry)

    @Slot(object)
    def _show_inbox(self, request: RequestId | None) -> None:
        self.window.show_page("approvals")
        if request is not None:
            self._slices.approvals.open_request(request)
        front.bring(self.window)

    @Slot(str)
    def _show_path(self, path: str) -> None:
        """Go to an entry of a comparison, or to the nearest above it that is shown."""
        mirror = self.bridge.mirror
        found = mirror.nearest(path)
        self._show_entry(found)
        if mirror.path(found) != path:
            text = self.tr("It is not in what is shown; selected is the nearest above it: {0}")
            self._commands.told.emit(text.format(plain(mirror.path(found), SENTENCE)))

    @Slot()
    def _compare_with_now(self) -> None:
        self.window.show_page("compare")
        self._slices.compare.begin(moments.iso(self.bridge.mirror.past_ms), "now")

    @Slot()
    def _show_events(self) -> None:
        self.window.show_page("events")

    @Slot()
    def _connected(self) -> None:
        self.window.banners.hide_banner("runtime")

    @Slot(str)
    def _unread(self, reason: str) -> None:
        known = str(self._household.file) in self._settings.recent
        forget = Choice(self.tr("Forget this file"), self._forget_file)
        choices = (forget,) if known else ()
        self.window.banners.show_banner("runtime", plain(reason, SENTENCE), choices)

    @Slot()
    def _forget_file(self) -> None:
        self._settings.forget_recent(str(self._household.file))
        self.window.banners.hide_banner("runtime")

    @Slot(str, int)
    def _waiting(self, reason: str, delay_ms: int) -> None:
        self.unreached.emit(reason)
        seconds = f"{delay_ms / 1000:g}"
        text = self.tr("No runtime: {0}. Next attempt in {1} s.").format(
            reason.rstrip("."), seconds
        )
        choice = Choice(self.tr("Try now"), self._household.start)
        self.window.banners.show_banner("runtime", text, (choice,))
