"""The right end of the time line: now, or of a file the moment at which it was taken.

Invariant: a function of the mirror and the clock; without a runtime's status it is now.
"""

import time

from PySide6.QtCore import QCoreApplication

from ioregui.mirror import Mirror
from runtime.model.records import Mode

translate = QCoreApplication.translate


def is_file(mirror: Mirror) -> bool:
    """Return whether a file is shown, in which nothing happens any more."""
    return mirror.status is not None and mirror.status.mode is Mode.FILE


def nanoseconds(mirror: Mirror) -> int:
    """Return when the right end is, in nanoseconds since 1970."""
    if is_file(mirror) and mirror.status is not None and mirror.status.taken_wall_ns:
        return mirror.status.taken_wall_ns
    return time.time_ns()


def word(mirror: Mirror) -> str:
    """Return the word at the right end."""
    return translate("timeline", "end") if is_file(mirror) else translate("timeline", "now")


def back(mirror: Mirror) -> str:
    """Return what a button says that goes back there."""
    if is_file(mirror):
        return translate("timeline", "Back to the end")
    return translate("timeline", "Back to now")


def nothing(mirror: Mirror) -> str:
    """Return what an empty line says."""
    if is_file(mirror):
        return translate(
            "timeline", "This file tells of no events. Those of a recording stand here in a line."
        )
    return translate("timeline", "What happens to devices and drivers appears here.")
