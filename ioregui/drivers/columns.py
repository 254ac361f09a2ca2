"""The columns of the drivers table. Invariant: pure functions of `Driver`."""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.drivers import words
from ioregui.records import moments
from ioregui.records.column import Column
from runtime.model.identity import DriverId
from runtime.model.records import Driver

translate = QCoreApplication.translate


def name(driver: Driver) -> str:
    """Return the driver's class."""
    return plaintext.plain(driver.name)


def pid(driver: Driver) -> str:
    """Return the process id; empty while there is no process."""
    return str(driver.pid) if driver.pid else ""


def restarts(driver: Driver) -> str:
    """Return how many processes came after the first."""
    return str(max(0, driver.starts - 1))


def crashes(driver: Driver) -> str:
    """Return how many processes ended though nobody had asked them to."""
    return str(driver.crashes)


def last_exit(driver: Driver) -> str:
    """Return how the last process ended."""
    return words.exit_text(driver.last_exit)


def since(driver: Driver) -> str:
    """Return when the present state began."""
    return moments.clock(driver.since_wall_ns)


def key(driver: Driver) -> DriverId:
    """Return what tells drivers apart."""
    return driver.id


def order(driver: Driver) -> tuple[str, str]:
    """Return what the table is sorted by."""
    return driver.name.casefold(), driver.provider_path


def columns() -> tuple[Column[Driver], ...]:
    """Return the columns, from left to right, in the user's language."""
    return (
        Column(
            translate("drivers", "Name"),
            translate("drivers", "The driver's class, as its personality names it (IOUserClass)."),
            name,
            26,
            grows=True,
        ),
        Column(
            translate("drivers", "State"),
            translate("drivers", "What the driver does now."),
            words.state_word,
            15,
            words.state_tone,
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
            words.device,
            18,
            grows=True,
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
        Column(
            translate("drivers", "Since"),
            translate("drivers", "When the present state began."),
            since,
            14,
            optional=True,
        ),
    )
