"""Every slice of one window, made once, and which page and tab shows it.

Invariant: connects nothing; `composition` does.
"""

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QWidget

from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from ioregui.compare.page import ComparePage
from ioregui.drivers.log import LogPanel
from ioregui.drivers.page import DriversPage
from ioregui.drivers.process_panel import ProcessPanel
from ioregui.extensions.page import ExtensionsPage
from ioregui.household import Household
from ioregui.matching.panel import MatchingPanel
from ioregui.matching.undriven import UndrivenPage
from ioregui.policy.page import PolicyPage
from ioregui.properties.panel import PropertiesPanel
from ioregui.registry.model import RegistryModel
from ioregui.registry.view import RegistryView
from ioregui.timeline.page import TimelinePage
from ioregui.timeline.strip import TimelineStrip
from ioregui.window.main_window import Page, Tab
from ioregui.window.selection import Selection
from ioregui.window.status import running, waiting


class Inspector:
    """The tabs that speak of one selection."""

    def __init__(self, bridge: Bridge, selection: Selection, *, file: bool = False) -> None:
        self._file = file
        self.properties = PropertiesPanel(bridge, selection)
        self.matching = MatchingPanel(bridge, file=file)
        self.process = ProcessPanel(bridge)
        self.log = LogPanel(bridge)
        for panel in (self.matching, self.process, self.log):
            selection.changed.connect(panel.show_entry)

    def tabs(self) -> tuple[Tab, ...]:
        """Return the tabs, from left to right; a file has no processes."""
        tell = QCoreApplication.translate
        of_both = (
            Tab(tell("Tab", "Properties"), self.properties),
            Tab(tell("Tab", "Matching"), self.matching),
        )
        if self._file:
            return of_both
        return (
            *of_both,
            Tab(tell("Tab", "Process"), self.process),
            Tab(tell("Tab", "Log"), self.log),
        )

    def keep(self, window: QWidget) -> None:
        """Let `window` own the tabs that it does not show; see `Slices.keep`."""
        _keep(window, self.properties, self.matching, self.process, self.log)


class Slices:
    """The pages of a main window, its inspector, and its timeline."""

    def __init__(
        self, bridge: Bridge, household: Household, selection: Selection, parent: QObject
    ) -> None:
        self.model = RegistryModel(bridge.mirror, selection, parent)
        self.registry = RegistryView(self.model, selection)
        self.inspector = Inspector(bridge, selection, file=household.file is not None)
        self.drivers = DriversPage(bridge)
        self.undriven = UndrivenPage(bridge)
        self.extensions = ExtensionsPage(bridge)
        self.approvals = ApprovalsPage(bridge)
        self.policy = PolicyPage(bridge)
        self.events = TimelinePage(bridge)
        self.compare = ComparePage(household, self.shown_plane)
        self.timeline = TimelineStrip(bridge)

    def shown_plane(self) -> str:
        """Return the plane that the tree shows."""
        return self.model.rows.plane

    def keep(self, window: QWidget) -> None:
        """Let `window` own the pages and tabs that it does not show, so that they end with it.

        Without an owner they would be left to the garbage collector, which takes them apart
        piece by piece while Qt still calls them.
        """
        _keep(window, self.drivers, self.undriven, self.extensions, self.approvals, self.policy)
        self.inspector.keep(window)

    def pages(self, *, file: bool = False) -> tuple[Page, ...]:
        """Return the pages, from top to bottom; of a file, those that it can have."""
        tell = QCoreApplication.translate
        registry = Page(
            "registry",
            tell("Page", "Registry"),
            tell("Page", "Every device of the machine, and what drives it"),
            self.registry,
            inspected=True,
        )
        events = Page(
            "events",
            tell("Page", "Events"),
            tell("Page", "Everything that happened, in words"),
            self.events,
            inspected=True,
        )
        compare = Page(
            "compare",
            tell("Page", "Compare"),
            tell("Page", "What differs between two moments, two files, or a file and now"),
            self.compare,
        )
        if file:
            return (registry, events, compare)
        return (
            registry,
            Page(
                "drivers",
                tell("Page", "Drivers"),
                tell("Page", "The processes of driver extensions, and how many run"),
                self.drivers,
                running,
            ),
            Page(
                "extensions",
                tell("Page", "Extensions"),
                tell("Page", "What is installed, and what each may do"),
                self.extensions,
            ),
            Page(
                "approvals",
                tell("Page", "Approvals"),
                tell("Page", "What asks to run, and how many wait for an answer"),
                self.approvals,
                waiting,
                waits=True,
            ),
            Page(
                "policy",
                tell("Page", "Policy"),
                tell("Page", "What profiles decide in users' place, and who decided what"),
                self.policy,
            ),
            events,
            Page(
                "undriven",
                tell("Page", "No driver"),
                tell("Page", "Devices that nothing drives, and the drivers that could"),
                self.undriven,
            ),
            compare,
        )


def _keep(window: QWidget, *parts: QWidget) -> None:
    for part in parts:
        if part.parent() is None:
            part.setParent(window)
            part.hide()  # or it is shown with the window, above everything
