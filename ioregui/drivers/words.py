"""A driver in words: its state's tone, how its process ended, and what may be done to it.

Invariant: pure functions of records; every text is translated and safe to show.
"""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records.column import Tone
from runtime.model.driver_lifecycle import DriverState
from runtime.model.outcome import Exit, ExitHow
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

_UP = frozenset({DriverState.RUNNING, DriverState.NOT_RESPONDING})


def state_tone(driver: Driver) -> Tone:
    """Return how much a driver's state wants to be noticed."""
    return _TONES[driver.state]


def state_word(driver: Driver) -> str:
    """Return the state's word."""
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


def exit_tone(driver: Driver) -> Tone:
    """Return how much the last exit wants to be noticed."""
    if driver.last_exit is None or driver.last_exit.how is ExitHow.STOPPED:
        return Tone.PLAIN
    return Tone.BAD


def device(driver: Driver) -> str:
    """Return the last part of the provider's path, which outlives the provider."""
    return plaintext.plain(driver.provider_path.rpartition("/")[2] or driver.provider_path)


def why_no_restart(driver: Driver | None) -> str:
    """Return why a driver cannot be restarted now; empty when it can."""
    if driver is None:
        return translate("drivers", "Select a driver first.")
    if driver.state in _UP:
        return ""
    if driver.state is DriverState.QUARANTINED:
        return translate("drivers", "It is quarantined: release it instead.")
    return translate("drivers", "It has no running process: it is {0}.").format(state_word(driver))


def why_no_crash(driver: Driver | None, developer: bool) -> str:
    """Return why a driver's process cannot be crashed now; empty when it can."""
    if not developer:
        return translate("drivers", "Only in developer mode.")
    if driver is None:
        return translate("drivers", "Select a driver first.")
    if driver.state in _UP:
        return ""
    return translate("drivers", "It has no running process: it is {0}.").format(state_word(driver))


def why_no_release(driver: Driver | None) -> str:
    """Return why a driver cannot be released from quarantine; empty when it can."""
    if driver is None:
        return translate("drivers", "Select a driver first.")
    if driver.state is DriverState.QUARANTINED:
        return ""
    return translate("drivers", "It is not quarantined.")
