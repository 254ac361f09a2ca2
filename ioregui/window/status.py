"""The line at the bottom: how much there is, whether it is quiet, which runtime.

Invariant: `summary` is a pure function of the mirror.
"""

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton, QWidget

from ioregui.mirror import Mirror
from ioregui.plaintext import SENTENCE, plain
from runtime.model.driver_lifecycle import LIVE
from runtime.model.identity import SERVICE_PLANE
from runtime.model.records import Mode, RequestState, Status


def waiting(mirror: Mirror) -> int:
    """Return how many requests wait for approval."""
    return sum(request.state is RequestState.WAITING for request in mirror.requests.values())


def running(mirror: Mirror) -> int:
    """Return how many drivers have a process."""
    return sum(driver.state in LIVE for driver in mirror.drivers.values())


def summary(mirror: Mirror, plane: str = SERVICE_PLANE) -> str:
    """Return the line's text; the entries are those of the plane that is shown."""
    tell = QCoreApplication.translate
    status = mirror.status
    drivers = running(mirror)
    parts = [_entries(mirror, plane)]
    if status is None or status.mode is not Mode.FILE:  # a file is always quiet
        busy = status.busy if status is not None else 0
        parts.append(tell("Status", "busy {0}").format(busy) if busy else tell("Status", "quiet"))
        one = drivers == 1
        many = tell("Status", "{0} drivers").format(drivers)
        parts.append(tell("Status", "1 driver") if one else many)
    if status is not None:
        parts.append(runtime_words(status))
    return "  ·  ".join(parts)


def _entries(mirror: Mirror, plane: str) -> str:
    tell = QCoreApplication.translate
    every, shown = len(mirror.entries), mirror.tree(plane).size
    if plane != SERVICE_PLANE:
        some = tell("Status", "{0} of {1} entries in {2}")
        return some.format(f"{shown:,}", f"{every:,}", plain(plane))
    many = tell("Status", "{0} entries").format(f"{shown:,}")
    return tell("Status", "1 entry") if shown == 1 else many


def runtime_words(status: Status) -> str:
    """Return how the runtime runs and where its events come from."""
    tell = QCoreApplication.translate
    if status.mode is Mode.FILE:
        return tell("Status", "a file, nothing live")
    mode = {
        Mode.EMBEDDED: tell("Status", "runtime embedded"),
        Mode.ALONE: tell("Status", "runtime alone"),
        Mode.SYSTEM: tell("Status", "system service"),
    }[status.mode]
    user = tell("Status", "as root") if status.uid == 0 else tell("Status", "user mode")
    source = tell("Status", "events of udev") if status.udev else tell("Status", "kernel events")
    words = [f"{mode}, {user}", source]
    if status.resyncs:
        words.append(tell("Status", "{0} resyncs").format(status.resyncs))
    return "  ·  ".join(words)


def explanation(mirror: Mirror) -> str:
    """Return what the words of the line mean, one line each."""
    tell = QCoreApplication.translate
    lines = [
        tell("Status", "entries: devices, their drivers, and what stands between them"),
        tell("Status", "quiet: nothing is being matched or started; busy: so many are"),
        tell("Status", "drivers: processes of driver extensions"),
    ]
    status = mirror.status
    if status is not None:
        lines.append(_mode(status))
        lines += _protection(status)
    if status is not None and status.mode is not Mode.FILE:
        lines.append(_source(status))
        lines.append(
            tell("Status", "version {0}, process {1}, state in {2}").format(
                status.version, status.pid, plain(status.state_dir or "?", SENTENCE)
            )
        )
    return "\n".join(lines)


def _mode(status: Status) -> str:
    tell = QCoreApplication.translate
    return {
        Mode.EMBEDDED: tell("Status", "embedded: a window started the runtime, and ends it"),
        Mode.ALONE: tell("Status", "alone: the runtime was started by itself, and goes on"),
        Mode.SYSTEM: tell("Status", "system service: the machine started the runtime"),
        Mode.FILE: tell("Status", "a file: as the machine was when it was written"),
    }[status.mode]


def _protection(status: Status) -> list[str]:
    """What approval protects from; of a file, from nothing."""
    tell = QCoreApplication.translate
    if status.mode is Mode.FILE:
        return []
    if status.mode is Mode.SYSTEM:
        return [tell("Status", "approval protects from every program without privileges")]
    return [
        tell("Status", "approval protects from drivers and mistakes, not from your own programs")
    ]


def _source(status: Status) -> str:
    tell = QCoreApplication.translate
    if status.udev:
        return tell("Status", "events of udev: devices are told of when udev has set them up")
    return tell("Status", "kernel events: udev does not run here, the kernel itself is heard")


class StatusBar(QStatusBar):
    """The line.

    Attributes:
        plane: The one that the tree shows.

    Signals:
        approvals_asked: The user pressed the sign of waiting approvals.
    """

    approvals_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.plane = SERVICE_PLANE
        self.text = QLabel()
        self.approvals = QToolButton()
        self.approvals.setToolTip(self.tr("Open the approvals inbox"))
        self.approvals.clicked.connect(self.approvals_asked)
        self.approvals.hide()
        self.addWidget(self.text, 1)
        self.addPermanentWidget(self.approvals)

    def tell(self, text: str, milliseconds: int) -> None:
        """Say for a while what was done, in the place of how much there is."""
        self.showMessage(f"✓  {text}", milliseconds)

    def show_state(self, mirror: Mirror) -> None:
        """Say what the mirror has now."""
        self.text.setText(summary(mirror, self.plane))
        self.text.setToolTip(explanation(mirror))
        count = waiting(mirror)
        self.approvals.setVisible(count > 0)
        one = self.tr("1 approval waiting")
        self.approvals.setText(
            one if count == 1 else self.tr("{0} approvals waiting").format(count)
        )
