"""Drivers and processes in words: what each is, its state's tone, how its process ended.

Invariant: pure functions of records; every text is translated and safe to show.
"""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.drivers.rows import Row
from ioregui.records.column import Tone
from runtime.model.driver_lifecycle import DriverState
from runtime.model.outcome import Exit, ExitHow
from runtime.model.processes import Role
from runtime.model.records import Driver

translate = QCoreApplication.translate

_TONES = {
    DriverState.STARTING: Tone.WAITING,
    DriverState.RUNNING: Tone.GOOD,
    DriverState.NOT_RESPONDING: Tone.BAD,
    DriverState.RESTARTING: Tone.WAITING,
    DriverState.STOPPING: Tone.WAITING,
    DriverState.STOPPED: Tone.QUIET,
    DriverState.QUARANTINED: Tone.BAD,
}


def state_tone(driver: Driver) -> Tone:
    """Return how much a driver's state wants to be noticed."""
    return Tone.WAITING if driver.debugging else _TONES[driver.state]


def state_word(driver: Driver) -> str:
    """Return the state's word; of one that is being debugged, that."""
    if driver.debugging:
        return translate("driver state", "debugging")
    return translate("driver state", driver.state.value)


def exit_text(ended: Exit | None) -> str:
    """Return how a process ended in a few words; empty when none has ended."""
    if ended is None:
        return ""
    if ended.how is ExitHow.SIGNAL:
        return ended.signal_name
    if ended.how is ExitHow.CODE:
        return translate("drivers", "exit code {0}").format(ended.number)
    return {
        ExitHow.HANG: translate("drivers", "not responding, killed"),
        ExitHow.BREACH: translate("drivers", "broke the protocol, killed"),
        ExitHow.LAUNCH: translate("drivers", "launch failed"),
        ExitHow.STOPPED: translate("drivers", "stopped in order"),
    }[ended.how]


def exit_tone(row: Row) -> Tone:
    """Return how much the last exit wants to be noticed."""
    ended = None if row.driver is None else row.driver.last_exit
    return Tone.PLAIN if ended is None or ended.how is ExitHow.STOPPED else Tone.BAD


def name(row: Row) -> str:
    """Return a driver's class, or what a process is for."""
    plain = plaintext.plain(row.name)
    match row.role:
        case Role.UNDERSTUDY:
            return translate("drivers", "understudy of {0}").format(plain)
        case Role.DRIVER | Role.BROKER:
            return plain
    return translate("drivers", row.role.value)


def purpose(role: Role) -> str:
    """Return what a process of this kind is for, in a sentence."""
    return {
        Role.RUNTIME: translate(
            "drivers",
            "Keeps the registry and decides what may run. All other processes are its children.",
        ),
        Role.ZYGOTE: translate(
            "drivers", "Has DriverKit loaded and is forked from, so that drivers start fast."
        ),
        Role.BROKER: translate(
            "drivers",
            "Holds one device for its drivers, across their restarts, and gives it back when "
            "nobody wants it.",
        ),
        Role.DRIVER: translate("drivers", "Runs a driver, or several of one extension."),
        Role.UNDERSTUDY: translate(
            "drivers", "Has the driver's bundle loaded already, for when its process ends."
        ),
        Role.STANDBY: translate(
            "drivers", "Is locked down already, for the driver that is launched next."
        ),
        Role.SPARE: translate("drivers", "Is forked already, for the device that is driven next."),
        Role.WORKER: translate(
            "drivers", "Waits for the next app to verify, or device to read details of."
        ),
    }[role]


def row_state(row: Row) -> str:
    """Return a driver's state word; of other processes that they run."""
    if row.driver is not None:
        return state_word(row.driver)
    ready = row.role in {Role.UNDERSTUDY, Role.STANDBY, Role.SPARE, Role.WORKER}
    return translate("driver state", "ready") if ready else translate("driver state", "running")


def row_tone(row: Row) -> Tone:
    """Return how much the state wants to be noticed; a process beside the drivers is quiet."""
    return Tone.QUIET if row.driver is None else state_tone(row.driver)


def row_device(row: Row) -> str:
    """Return a driver's device, as `device` does."""
    return "" if row.driver is None else device(row.driver)


def call_tone(row: Row) -> Tone:
    """Return how much the oldest call wants to be noticed: once its driver is late for it."""
    late = row.driver is not None and row.driver.state is DriverState.NOT_RESPONDING
    return Tone.BAD if late else Tone.PLAIN


def device(driver: Driver) -> str:
    """Return the last part of the provider's path, which outlives the provider."""
    return plaintext.plain(driver.provider_path.rpartition("/")[2] or driver.provider_path)
