"""The columns of the drivers table. Invariant: pure functions of a `Row`."""

from PySide6.QtCore import QCoreApplication

from ioregui.drivers import figures, words
from ioregui.drivers.rows import Key, Row
from ioregui.records.column import Column

translate = QCoreApplication.translate

_STEP = "\N{EM SPACE}"  # of indentation


def name(row: Row) -> str:
    """Return a driver's class or a process's name, indented by what it stands below."""
    return _STEP * row.depth + words.name(row)


def pid(row: Row) -> str:
    """Return the process id; empty while there is no process."""
    return str(row.pid) if row.pid else ""


def restarts(row: Row) -> str:
    """Return how many processes came after the first."""
    return "" if row.driver is None else str(max(0, row.driver.starts - 1))


def crashes(row: Row) -> str:
    """Return how many processes ended though nobody had asked them to."""
    return "" if row.driver is None else str(row.driver.crashes)


def last_exit(row: Row) -> str:
    """Return how the last process ended."""
    return "" if row.driver is None else words.exit_text(row.driver.last_exit)


def key(row: Row) -> Key:
    """Return what tells rows apart."""
    return row.key


def order(row: Row) -> tuple[int, str, int, int]:
    """Return what the table is sorted by."""
    return row.place


def columns() -> tuple[Column[Row], ...]:
    """Return the columns, from left to right, in the user's language."""
    return _what_it_is() + _what_it_uses() + _what_became_of_it()


def _what_it_is() -> tuple[Column[Row], ...]:
    return (
        Column(
            translate("drivers", "Name"),
            translate(
                "drivers",
                "The driver's class, as its personality names it (IOUserClass), or what the "
                "process is for. All are children of the runtime.",
            ),
            name,
            28,
            grows=True,
        ),
        Column(
            translate("drivers", "State"),
            translate("drivers", "What the driver does now."),
            words.row_state,
            15,
            words.row_tone,
        ),
        Column(
            translate("drivers", "PID"),
            translate("drivers", "The process that runs the driver now."),
            pid,
            7,
            numeric=True,
        ),
        Column(
            translate("drivers", "Device"),
            translate("drivers", "The provider: the device or interface that the driver has."),
            words.row_device,
            14,
            grows=True,
            optional=True,
        ),
    )


def _what_it_uses() -> tuple[Column[Row], ...]:
    return (
        Column(
            translate("drivers", "CPU"),
            translate("drivers", "How much of one processor it used in the last two seconds."),
            figures.processor,
            6,
            numeric=True,
        ),
        Column(
            translate("drivers", "Memory"),
            translate("drivers", "Resident memory, with the pages that it shares with others."),
            figures.memory,
            8,
            numeric=True,
        ),
        Column(
            translate("drivers", "Threads"),
            translate("drivers", "How many threads it has."),
            figures.threads,
            6,
            numeric=True,
            optional=True,
        ),
        Column(
            translate("drivers", "Up"),
            translate("drivers", "How long the process has been there."),
            figures.uptime,
            7,
            numeric=True,
        ),
    )


def _what_became_of_it() -> tuple[Column[Row], ...]:
    return (
        Column(
            translate("drivers", "Oldest call"),
            translate("drivers", "What has not returned for longest, once it is a second."),
            figures.oldest_call,
            16,
            words.call_tone,
            optional=True,
        ),
        Column(
            translate("drivers", "Restarts"),
            translate("drivers", "How many processes came after the first."),
            restarts,
            7,
            numeric=True,
            optional=True,
        ),
        Column(
            translate("drivers", "Crashes"),
            translate("drivers", "How many processes ended though nobody had asked them to."),
            crashes,
            7,
            numeric=True,
        ),
        Column(
            translate("drivers", "Last exit"),
            translate("drivers", "How the last process ended: signal, exit code, hang or breach."),
            last_exit,
            16,
            words.exit_tone,
        ),
    )
