"""One run of the export process: started, watched, ended with the window.

Invariant: never waits while there is a window; exactly one of `done` and `failed` comes of each
run that was not stopped.
"""

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from ioregui.household import Household
from ioregui.plaintext import SENTENCE, plain
from runtime.client.start import export_command

ENDING_MS = 2000  # a process that was killed is gone by then


class Errand(QObject):
    """Has something written, one thing at a time.

    Signals:
        done: It is written.
        failed: One sentence why it is not.
    """

    done = Signal()
    failed = Signal(str)

    def __init__(self, household: Household, parent: QObject) -> None:
        super().__init__(parent)
        self._household = household
        self._process: QProcess | None = None

    @property
    def is_running(self) -> bool:
        """Whether something is being written."""
        return self._process is not None

    def run(self, *arguments: str) -> None:
        """Start; `runtime.export.main` says what the arguments mean. Ends an earlier run."""
        self.stop()
        program, *rest = export_command(*self._household.origin, *arguments)
        self._process = process = QProcess(self)
        process.setStandardOutputFile(QProcess.nullDevice())
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._refused)
        process.start(program, rest)

    @Slot()
    def stop(self) -> None:
        """End what runs, without a signal; what it was writing stays as it was."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._finished)
            process.errorOccurred.disconnect(self._refused)
            process.terminate()
            process.finished.connect(process.deleteLater)

    def end(self) -> None:
        """End what runs and reap it; only when the window goes."""
        self.stop()
        for process in self.findChildren(QProcess):
            process.kill()
            process.waitForFinished(ENDING_MS)

    @Slot(int, QProcess.ExitStatus)
    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.deleteLater()
        if code == 0 and status is QProcess.ExitStatus.NormalExit:
            self.done.emit()
            return
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        why = said.rpartition("\n")[2] or self.tr("The export process ended early.")
        self.failed.emit(plain(why, SENTENCE))

    @Slot(QProcess.ProcessError)
    def _refused(self, error: QProcess.ProcessError) -> None:
        process = self._process
        if error is QProcess.ProcessError.FailedToStart and process is not None:
            self._process = None
            process.deleteLater()
            self.failed.emit(plain(process.errorString(), SENTENCE))
