"""Carries the window's actions out: one command to the runtime each, its answer as a notice.

Invariant: never waits; a refusal is shown in the runtime's own words.
"""

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from ioregui.bridge import Bridge
from ioregui.plaintext import SENTENCE, plain
from ioregui.window.actions import Actions, Situation
from ioregui.window.plugging import is_pluggable
from ioregui.window.selection import Selection
from runtime.client import apps
from runtime.model.records import Driver, Mode, Status
from runtime.wire import client as wire
from runtime.wire.commands.drivers import CrashDriver, RestartDriver
from runtime.wire.commands.extensions import Installed, InstallSample, SetDeveloperMode


class Commands(QObject):
    """Connects the actions to the runtime.

    Attributes:
        actions: The window's actions.

    Signals:
        told: One sentence on what was done.
        failed: One sentence on what was not.
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(
        self, bridge: Bridge, selection: Selection, actions: Actions, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self.actions = actions
        self._app = QProcess(self)
        self._app.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._app.finished.connect(self._app_finished)
        self._app.errorOccurred.connect(self._app_failed)
        self._updating = QTimer(self)
        self._updating.setSingleShot(True)
        self._updating.timeout.connect(self.update)
        for name, slot in (
            ("install", self.install),
            ("launch", self.launch),
            ("crash", self.crash),
            ("restart", self.restart),
            ("developer", self.switch_developer),
        ):
            actions[name].triggered.connect(slot)
        bridge.reset.connect(self.update)
        bridge.travelled.connect(self.update)
        bridge.disconnected.connect(self.update)
        bridge.changed.connect(self._changed)
        selection.changed.connect(self.update)
        self.update()

    @property
    def driver(self) -> Driver | None:
        """The driver that the selection is, or whose device or process it is."""
        return self._bridge.mirror.driver_of(self._selection.entry)

    @Slot()
    def update(self) -> None:
        """Enable what can be done now."""
        status = self._bridge.mirror.status
        self.actions.update(
            Situation(
                connected=self._bridge.is_connected,
                developer=status is not None and status.developer,
                driver=self.driver,
                embedded=status is not None and status.mode is Mode.EMBEDDED,
                past=bool(self._bridge.mirror.past_ms),
                file=status is not None and status.mode is Mode.FILE,
                back=self._selection.can_go_back,
                pluggable=is_pluggable(self._bridge.mirror, self._selection.entry),
            )
        )

    @Slot()
    def install(self) -> None:
        """Copy the sample app into the Applications folder."""
        self._bridge.ask(InstallSample(), self._installed, self._refused)

    @Slot()
    def launch(self) -> None:
        """Run the sample app's program, installing the app first where it is not."""
        self._bridge.ask(InstallSample(keep=True), self._launch, self._refused)

    @Slot()
    def crash(self) -> None:
        """Have the selected driver's process dereference null."""
        if (driver := self.driver) is not None:
            self._bridge.ask(CrashDriver(driver.id), None, self._refused)

    @Slot()
    def restart(self) -> None:
        """Stop the selected driver and start it again."""
        if (driver := self.driver) is not None:
            self._bridge.ask(RestartDriver(driver.id), None, self._refused)

    @Slot()
    def switch_developer(self) -> None:
        """Turn developer mode on or off, as the action now stands."""
        self.set_developer(on=self.actions["developer"].isChecked())

    @Slot()
    def developer_off(self) -> None:
        """Turn developer mode off."""
        self.set_developer(on=False)

    def set_developer(self, *, on: bool) -> None:
        """Turn developer mode on or off."""
        self._bridge.ask(SetDeveloperMode(on), self._switched, self._refused)

    @Slot(object)
    def _changed(self) -> None:
        self._updating.start(0)

    def _installed(self, installed: Installed) -> None:
        path = plain(installed.app_path, SENTENCE)
        self.told.emit(self.tr("The sample app is installed: {0}").format(path))

    def _launch(self, installed: Installed) -> None:
        if self._app.state() is not QProcess.ProcessState.NotRunning:
            self.failed.emit(self.tr("The sample app is still running."))
            return
        try:
            program, *arguments = apps.command(installed.program)
        except OSError as error:
            self.failed.emit(plain(f"{installed.program}: {error.strerror}", SENTENCE))
            return
        self._app.setProgram(program)
        self._app.setArguments(arguments)
        self._app.start()
        self.told.emit(
            self.tr("The sample app asks to activate its extension: answer it in Approvals.")
        )

    def _switched(self, status: Status) -> None:
        on = self.tr("Developer mode is on.")
        self.told.emit(on if status.developer else self.tr("Developer mode is off."))

    def _refused(self, refusal: wire.Refusal) -> None:
        self.update()
        self.failed.emit(plain(refusal.text, SENTENCE))

    @Slot(int, QProcess.ExitStatus)
    def _app_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        output = bytes(self._app.readAll().data()).decode(errors="replace")
        last = plain(output.strip().rpartition("\n")[2], SENTENCE)
        if code == 0 and status is QProcess.ExitStatus.NormalExit:
            if last:
                self.told.emit(last)
            return
        self.failed.emit(self.tr("Sample app ended with {0}: {1}").format(code, last))

    @Slot(QProcess.ProcessError)
    def _app_failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            text = plain(self._app.errorString(), SENTENCE)
            self.failed.emit(self.tr("The sample app could not be started: {0}").format(text))
