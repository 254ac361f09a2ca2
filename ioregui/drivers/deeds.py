"""What can be done to a driver: its name, when it cannot be done and why, and what it asks for.

Invariant: pure; the runtime decides again whether it does what is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

from ioregui.drivers import words
from runtime.model.driver_lifecycle import DriverState
from runtime.model.identity import DriverId
from runtime.model.records import Driver
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.drivers import (
    CrashDriver,
    DebugDriver,
    QuarantineDriver,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
)

translate = QCoreApplication.translate

_UP = frozenset({DriverState.RUNNING, DriverState.NOT_RESPONDING})
_PROCESS = _UP | {DriverState.STARTING}


@dataclass(frozen=True, slots=True)
class Deed:
    """One button.

    `states` are those in which it can be done; `disturbs` says that what uses the driver notices.
    """

    name: str
    title: str
    explanation: str
    states: frozenset[DriverState]
    command: Callable[[DriverId], CommandOf[Any]]
    disturbs: bool = True
    needs_developer: bool = False

    def why_not(self, driver: Driver | None, *, developer: bool) -> str:
        """Return why it cannot be done now; empty when it can."""
        if self.needs_developer and not developer:
            return translate("drivers", "Only in developer mode.")
        if driver is None:
            return translate("drivers", "Select a driver first.")
        if driver.debugging and self.name == "debug":
            return translate("drivers", "A debugger is attached already.")
        if driver.state in self.states:
            return ""
        return _unfit(self, driver)


def deeds() -> tuple[Deed, ...]:
    """Return what can be done, from left to right, in the user's language."""
    return (
        Deed(
            "restart",
            translate("drivers", "Restart"),
            translate("drivers", "Stop the driver in order, if it runs, and start it again."),
            _PROCESS | {DriverState.STOPPED},
            RestartDriver,
        ),
        Deed(
            "stop",
            translate("drivers", "Stop"),
            translate(
                "drivers",
                "Stop the driver in order and leave its device to others. It stays stopped until "
                "it is restarted, its device is plugged again or its extension activated again.",
            ),
            _PROCESS | {DriverState.RESTARTING},
            StopDriver,
        ),
        Deed(
            "quarantine",
            translate("drivers", "Quarantine"),
            translate(
                "drivers",
                "Stop the driver in order, if it runs, and keep it out of its device until it is "
                "released, also when its device is plugged again.",
            ),
            _PROCESS | {DriverState.RESTARTING, DriverState.STOPPED},
            QuarantineDriver,
        ),
        Deed(
            "sample",
            translate("drivers", "Sample"),
            translate("drivers", "See where every thread of it is now; it runs on."),
            _PROCESS,
            SampleDriver,
            disturbs=False,
        ),
        Deed(
            "debug",
            translate("drivers", "Debug…"),
            translate("drivers", "Stop it in pdb: see its threads, change its variables, go on."),
            _PROCESS,
            DebugDriver,
            needs_developer=True,
        ),
        Deed(
            "crash",
            translate("drivers", "Crash it"),
            translate("drivers", "Have its process dereference null, as a real crash would."),
            _UP,
            CrashDriver,
            needs_developer=True,
        ),
        Deed(
            "release",
            translate("drivers", "Release from quarantine"),
            translate("drivers", "Let the driver start again."),
            frozenset({DriverState.QUARANTINED}),
            ReleaseDriver,
            disturbs=False,
        ),
    )


def _unfit(deed: Deed, driver: Driver) -> str:
    if deed.name == "release":
        return translate("drivers", "It is not quarantined.")
    if driver.state is DriverState.QUARANTINED and deed.name == "quarantine":
        return translate("drivers", "It is quarantined already.")
    if driver.state is DriverState.QUARANTINED and deed.name == "restart":
        return translate("drivers", "It is quarantined: release it instead.")
    state = words.state_word(driver)
    return translate("drivers", "It has no running process: it is {0}.").format(state)
