"""The Compare page: two registries, and what differs between them.

The comparing is done by the export process; the page shows what that wrote, which is what
`ioreg --diff` prints, and saves it as it is.
Invariant: what is shown and what is saved are of one comparison.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTemporaryDir, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ioregui.compare import words
from ioregui.compare.intake import Intake
from ioregui.compare.kinds import Kinds
from ioregui.compare.model import DifferencesModel
from ioregui.compare.side import CHOICES, Side
from ioregui.compare.table import DifferencesTable
from ioregui.export.errand import Errand
from ioregui.household import Household
from ioregui.records.arranged import halves
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.notice import Notice


class ComparePage(QWidget):
    """Two sides, the differences, and the selected one in full.

    Signals:
        entry_asked: The path of an entry that the user wants to see in the tree.
        told: One sentence on what was saved.
    """

    entry_asked = Signal(str)
    told = Signal(str)

    def __init__(
        self, household: Household, plane: Callable[[], str], parent: QWidget | None = None
    ) -> None:
        """`plane` says which one the window shows: that one of both sides is compared."""
        super().__init__(parent)
        self._folder = QTemporaryDir()
        self._errand = Errand(household, self)
        self._saving = Errand(household, self)
        self._intake = Intake(self)
        self._target = ""
        self._plane = plane
        self.before = Side(self.tr("Before"), CHOICES[1])
        self.after = Side(self.tr("After"), CHOICES[0])
        self.compare = QPushButton(self.tr("Compare"))
        self.swap = QPushButton(self.tr("Swap"))
        self.save = QPushButton(self.tr("Save as…"))
        self.open = QPushButton(self.tr("Show entry"))
        self.notice = Notice()
        self.kinds = Kinds()
        self.model = DifferencesModel(self)
        self.table = DifferencesTable(self.model)
        self.facts = FactsView(self.tr("The selected difference"))
        self._none = EmptyPage(self.tr("Nothing compared yet"), self._how())
        self._pages = EmptyOr(halves(self.table, self.facts, (420, 240)), self._none)
        self._lay_out()
        self._connect()
        self._show_selected()
        self._count()

    def begin(self, before: str, after: str) -> None:
        """Compare two names, as `ioreg --diff` takes them."""
        self.before.set_text(before)
        self.after.set_text(after)
        self.start()

    @Slot()
    def start(self) -> None:
        """Compare what the two sides name; press again to give up."""
        if self._errand.is_running:
            self._errand.stop()
            self._ready("")
            return
        self._intake.stop()
        self.model.clear()
        self._count()
        self.compare.setText(self.tr("Stop"))
        self.notice.say(self.tr("Comparing…"))
        files = ("--text", self._file("txt"), "--json", self._file("json"))
        names = (self.before.text, self.after.text)
        self._errand.run("--plane", self._plane(), "compare", *files, "--", *names)

    def end(self) -> None:
        """Leave nothing running; the window goes."""
        self._intake.stop()
        self._errand.end()
        self._saving.end()
        self._folder.remove()

    @Slot()
    def _done(self) -> None:
        self._ready("")
        self._intake.read(Path(self._file("json")))

    @Slot(list)
    def _came(self, differences: list) -> None:  # type: ignore[type-arg]  # Qt's signature
        self.model.append(differences)
        self._count()
        self._pages.show_content(True)

    @Slot()
    def _ended(self) -> None:
        if not self.model.counts.total():
            self._pages.show_content(False)
            self.notice.say(self.tr("Nothing differs between the two."))
            return
        self.save.setEnabled(True)
        if not self.table.selectionModel().hasSelection():
            self.table.selectRow(0)
        self.table.setFocus()

    @Slot(str)
    def _failed(self, why: str) -> None:
        self._pages.show_content(bool(self.model.counts.total()))
        self._ready(why)

    def _ready(self, sentence: str) -> None:
        self.compare.setText(self.tr("Compare"))
        self.notice.say(sentence)

    def _count(self) -> None:
        self.kinds.show_counts(self.model.counts)
        self.kinds.setVisible(self.model.counts.total() > 0)
        self.save.setEnabled(False)

    @Slot()
    def _turn_round(self) -> None:
        before = self.before.text
        self.before.set_text(self.after.text)
        self.after.set_text(before)

    @Slot()
    def _show_selected(self) -> None:
        found = self.table.selected
        self.open.setEnabled(found is not None)
        if found is None:
            self.facts.show_facts("", ())
        else:
            self.facts.show_facts(words.title(found), words.facts(found))

    @Slot()
    def _open(self) -> None:
        if (found := self.table.selected) is not None:
            self.entry_asked.emit(found.path)

    @Slot()
    def _ask_where(self) -> None:
        dialog = QFileDialog(self, self.tr("Save the comparison"), "differences.txt")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(
            [self.tr("Text, as ioreg --diff (*.txt)"), self.tr("JSON, with --json (*.json)")]
        )
        dialog.selectFile("differences.txt")
        dialog.fileSelected.connect(self.save_as)
        dialog.open()

    @Slot(str)
    def save_as(self, path: str) -> None:
        """Put what was compared into a file: JSON where its name ends so, else text."""
        self._target = path
        written = self._file("json" if path.casefold().endswith(".json") else "txt")
        self._saving.run("copy", written, str(Path(path).absolute()))

    @Slot()
    def _saved(self) -> None:
        self.told.emit(self.tr("Saved: {0}").format(words.path(self._target)))

    def _file(self, ending: str) -> str:
        return self._folder.filePath(f"comparison.{ending}")

    def _lay_out(self) -> None:
        sides = QHBoxLayout()
        sides.setContentsMargins(12, 10, 12, 4)
        sides.setSpacing(12)
        for widget, stretch in ((self.before, 1), (self.after, 1), (self.swap, 0)):
            sides.addWidget(widget, stretch)
        sides.addWidget(self.compare)
        below = QHBoxLayout()
        below.setContentsMargins(12, 4, 12, 8)
        below.setSpacing(8)
        below.addWidget(self.kinds)
        below.addStretch(1)
        below.addWidget(self.open)
        below.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(sides)
        layout.addWidget(self.notice)
        layout.addLayout(below)
        layout.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self.compare.setProperty("role", "primary")
        for button in (self.compare, self.swap, self.save, self.open):
            button.setAutoDefault(False)
        self.swap.setToolTip(self.tr("What was before becomes after"))
        self.open.setToolTip(self.tr("Go to the selected entry in the tree (Return)"))
        self.save.setToolTip(self.tr("Write what ioreg --diff prints, as text or JSON"))
        self.compare.clicked.connect(self.start)
        self.swap.clicked.connect(self._turn_round)
        self.save.clicked.connect(self._ask_where)
        self.open.clicked.connect(self._open)
        for side in (self.before, self.after):
            side.entered.connect(self.start)
        self.kinds.chosen.connect(self.model.show_kinds)
        self.table.picked.connect(self._show_selected)
        self.table.opened.connect(self._open)
        self._errand.done.connect(self._done)
        self._errand.failed.connect(self._failed)
        self._intake.came.connect(self._came)
        self._intake.ended.connect(self._ended)
        self._intake.failed.connect(self._failed)
        self._saving.done.connect(self._saved)
        self._saving.failed.connect(self.notice.say)

    def _how(self) -> str:
        return self.tr(
            "Name two registries above: now, a time such as “10 minutes ago” or 14:30, or a file "
            "of any kind that the window opens. Where a file is shown, now is that file, and "
            "times count back from when it was taken. Entries are paired by their path and by "
            "who they say they are."
        )
