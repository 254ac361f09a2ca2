"""What to save of the registry: the form, how much of the past, with or without secrets.

Invariant: blocks nothing; what cannot be chosen is disabled and says why.
"""

from pathlib import Path

from PySide6.QtCore import QDateTime, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ioregui.export.choices import FORMS, RECORDING, SPANS, Form, said
from ioregui.records import moments
from ioregui.window import front


class SaveDialog(QDialog):
    """Asks, then asks where to.

    Signals:
        decided: The arguments for `Errand.run` but the plane, and the file that will be written.
    """

    decided = Signal(list, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._past_ms = 0
        self.setWindowTitle(self.tr("Save the registry"))
        self.form = QComboBox()
        self.use = QLabel()
        self.moment = QLabel()
        self.span = QComboBox()
        self.anonymous = QCheckBox(self.tr("Leave &serial numbers and host names out"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._set_up()
        self._show_form()

    def ask(self, form: str, past_ms: int) -> None:
        """Open with a form chosen; `past_ms` is the moment that is shown, 0 for now."""
        self._past_ms = past_ms
        self.form.setCurrentIndex([one.word for one in FORMS].index(form))
        when = moments.date_and_clock(past_ms * 1_000_000)
        as_it_was = self.tr("As it was at {0}").format(when)
        self.moment.setText(as_it_was if past_ms else self.tr("As it is now"))
        self._show_form()
        self.form.setFocus()
        front.bring(self)

    @property
    def chosen(self) -> Form:
        """The form that is chosen."""
        return FORMS[self.form.currentIndex()]

    @Slot()
    def _show_form(self) -> None:
        self.use.setText(said(self.chosen.use))
        has_past = self.chosen.word == RECORDING and not self._past_ms
        self.span.setEnabled(has_past)
        if not has_past:
            self.span.setCurrentIndex(0)
        why = self.tr("The past goes along in a recording that is made from now back.")
        self.span.setToolTip("" if has_past else why)

    @Slot()
    def _ask_where(self) -> None:
        stamp = QDateTime.currentDateTime().toString("yyyy-MM-dd-HHmm")
        name = f"registry-{stamp}.{self.chosen.ending}"
        dialog = QFileDialog(self, self.tr("Save the registry"), name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self.chosen.ending)
        dialog.selectFile(name)
        dialog.fileSelected.connect(self.save_as)
        dialog.open()

    @Slot(str)
    def save_as(self, path: str) -> None:
        """Take the file's name, and be done."""
        arguments = ["save", self.chosen.word, str(Path(path).absolute())]
        since = SPANS[self.span.currentIndex()][0]
        if since:
            arguments += ["--since", since]
        if self._past_ms:
            arguments += ["--at", moments.iso(self._past_ms)]
        if self.anonymous.isChecked():
            arguments.append("--anonymous")
        self.close()
        self.decided.emit(arguments, path)

    def _set_up(self) -> None:
        for form in FORMS:
            self.form.addItem(said(form.name))
        for _, words in SPANS:
            self.span.addItem(said(words))
        for label in (self.use, self.moment):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.use.setProperty("role", "muted")
        self.anonymous.setToolTip(
            self.tr(
                "UUIDs and hardware addresses too. A secret becomes the same stand-in wherever it "
                "occurs, so that what belonged together still does."
            )
        )
        save = QPushButton(self.tr("Save as…"))
        save.setProperty("role", "primary")
        self.buttons.addButton(save, QDialogButtonBox.ButtonRole.AcceptRole)
        rows = QFormLayout()
        rows.setHorizontalSpacing(16)
        rows.setVerticalSpacing(10)
        rows.addRow(self.tr("&Form"), self.form)
        rows.addRow("", self.use)
        rows.addRow(self.tr("Moment"), self.moment)
        rows.addRow(self.tr("&Past"), self.span)
        rows.addRow("", self.anonymous)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(rows)
        layout.addWidget(self.buttons)
        self.form.currentIndexChanged.connect(self._show_form)
        self.buttons.accepted.connect(self._ask_where)
        self.buttons.rejected.connect(self.close)
