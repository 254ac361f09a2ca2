"""What a process uses, in words.

Invariant: pure; what was not read is empty, never 0.
"""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.drivers.rows import Row
from ioregui.records import moments

translate = QCoreApplication.translate

CALL_US = 1_000_000  # a younger one is nothing to look at


def processor(row: Row) -> str:
    """Return how much of one processor it used lately."""
    if row.share is None:
        return ""
    return translate("drivers", "{0} %").format(f"{row.share * 100:.0f}")


def memory(row: Row) -> str:
    """Return the memory that is resident."""
    if row.process is None or not row.process.memory:
        return ""
    return translate("drivers", "{0} MB").format(f"{row.process.memory / 1_000_000:.1f}")


def threads(row: Row) -> str:
    """Return the number of threads."""
    return str(row.process.threads) if row.process is not None and row.process.threads else ""


def uptime(row: Row) -> str:
    """Return how long the process has been there."""
    if not row.age_us:
        return ""
    return moments.gap(row.age_us * 1000) or translate("drivers", "just now")


def oldest_call(row: Row) -> str:
    """Return the oldest call that has not returned, and its age; empty for one just made."""
    if row.process is None or row.process.call.age_us < CALL_US:
        return ""
    call = row.process.call
    return f"{plaintext.plain(call.what)}, {moments.gap(call.age_us * 1000)}"


def sentence(row: Row) -> str:
    """Return everything in one line; empty while nothing is known."""
    told = [
        (translate("drivers", "CPU {0}"), processor(row)),
        (translate("drivers", "memory {0}"), memory(row)),
        (translate("drivers", "threads {0}"), threads(row)),
        (translate("drivers", "up {0}"), uptime(row)),
        (translate("drivers", "oldest call {0}"), oldest_call(row)),
    ]
    return " · ".join(words.format(text) for words, text in told if text)
