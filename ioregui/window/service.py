"""Installing the system service, and taking along what the user's own runtime had approved.

The service is installed by a command that pkexec runs as root; then the window's own runtime ends,
and the next that is found is the service. It knows nothing of what was approved here: it is asked
for each again, if the user wants that, and approves each anew.
Invariant: asks before it asks for anything; nothing that was approved here is approved there by it.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from ioregui.bridge import Bridge
from ioregui.plaintext import SENTENCE, plain
from ioregui.window.banners import Banners, Choice
from runtime.client.start import service_command
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import Extension, Mode
from runtime.wire import client as wire
from runtime.wire.commands.extensions import Activate
from runtime.wire.commands.lifetime import Quit

KEY = "service"
_APPROVED = frozenset({ExtensionState.ACTIVE, ExtensionState.DISABLED, ExtensionState.UPGRADING})
_DISMISSED, _NOT_RUN = 126, 127  # pkexec(1): the dialog was closed; denied, or its own error
_NO_AGENT = "textual authentication agent"  # what pkexec could not do where no agent runs


class ServiceSetup(QObject):
    """Does it from one window.

    Signals:
        told: One sentence on what was done.
        failed: One sentence on what was not.
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        banners: Banners,
        command: Callable[[], list[str]] = service_command,
    ) -> None:
        """`command` is what installs the service, as root."""
        super().__init__(banners)
        self._bridge = bridge
        self._banners = banners
        self._command = command
        self._approved: tuple[Extension, ...] = ()
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._not_started)
        bridge.reset.connect(self._arrived)

    @Slot()
    def install(self) -> None:
        """Install it; polkit asks for an administrator's password."""
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            return
        program, *arguments = self._command()
        self._process.start(program, arguments)
        self.told.emit(self.tr("Installing the system service needs an administrator's password."))

    @Slot(int, QProcess.ExitStatus)
    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        output = bytes(self._process.readAll().data()).decode(errors="replace").strip()
        if code == 0 and status is QProcess.ExitStatus.NormalExit:
            extensions = self._bridge.mirror.extensions.values()
            self._approved = tuple(one for one in extensions if one.state in _APPROVED)
            self.told.emit(self.tr("The system service is installed; this window goes over to it."))
            self._bridge.ask(Quit(), None, self._refused)
            return
        self.failed.emit(
            self.tr("The system service was not installed: {0}").format(self._why(code, output))
        )

    def _why(self, code: int, output: str) -> str:
        """What pkexec, or the command that it ran, has to say."""
        lines = output.splitlines() or [""]
        if code == _NOT_RUN:
            lines = [line for line in lines if line.startswith("Error ")] or lines
            if _NO_AGENT in lines[-1]:
                return self.tr("nobody to ask for a password: no polkit agent runs in this session")
        if code == _DISMISSED or lines[-1].endswith("Not authorized"):
            return self.tr("no administrator said yes")
        return plain(lines[-1], SENTENCE)

    @Slot(QProcess.ProcessError)
    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            why = plain(self._process.errorString(), SENTENCE)
            self.failed.emit(self.tr("The system service was not installed: {0}").format(why))

    @Slot()
    def _arrived(self) -> None:
        """Offer what was approved, once the service is what this window shows."""
        status = self._bridge.mirror.status
        if not self._approved or status is None or status.mode is not Mode.SYSTEM:
            return
        text = self.tr(
            "Your own runtime had approved {0}. The system service knows nothing of that: it can "
            "be asked for them again, and each is approved anew."
        ).format(", ".join(plain(one.name, 40) for one in self._approved))
        self._banners.show_banner(
            KEY,
            text,
            (
                Choice(
                    self.tr("Ask for them"),
                    self._ask,
                    self.tr("Their requests then wait under Approvals"),
                ),
                Choice(self.tr("Leave them"), self._leave),
            ),
        )

    @Slot()
    def _ask(self) -> None:
        approved = self._approved
        self._leave()
        for one in approved:
            self._bridge.ask(Activate(one.app_path, one.bundle_id), None, self._refused)
        self.told.emit(self.tr("Asked for: answer in Approvals."))

    @Slot()
    def _leave(self) -> None:
        self._approved = ()
        self._banners.hide_banner(KEY)

    def _refused(self, refusal: wire.Refusal) -> None:
        if refusal.code != "disconnected":  # the runtime that was told to quit has
            self.failed.emit(plain(refusal.text, SENTENCE))
