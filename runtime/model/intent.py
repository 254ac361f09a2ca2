"""Why a driver is being stopped, and what comes after that.

A small state machine beside the driver's own: its states are what it is stopped for, its events
what is asked meanwhile. A higher intent replaces a lower one, never the reverse. What somebody
asked for has a note, which goes when something else calls for the same; with it a stop, and nothing
higher, can be taken back.
Invariant: pure.
"""

import enum

import msgspec

from runtime.model.driver_lifecycle import DriverEvent, DriverState


class Intent(enum.IntEnum):
    """Why a driver is being stopped; a higher one replaces a lower one."""

    NONE = 0
    RESTART = 1  # start again at once
    STOP = 2  # somebody wants that, its provider is gone, or the runtime ends
    QUARANTINE = 3  # and keep it out, also where its provider comes back, until it is released
    UPGRADE = 4  # another version takes over
    WITHDRAW = 5  # its extension may not run any more


class Aim(msgspec.Struct, frozen=True):
    """What is intended; `note`: who asked, empty where something else calls for it too."""

    intent: Intent = Intent.NONE
    note: str = ""


NOTHING = Aim()
"""Where every launch begins, and what holds once it is stopped."""


def joined(aim: Aim, other: Aim) -> Aim:
    """What is intended when a second thing is asked for."""
    if other.intent > aim.intent:
        return other
    if other.intent is aim.intent and not other.note:
        return Aim(aim.intent)
    return aim


def taken_back(aim: Aim) -> Aim:
    """What is intended when somebody wants the driver after all."""
    return NOTHING if aim.intent is Intent.STOP and aim.note else aim


def after(aim: Aim) -> DriverEvent:
    """What the end of the driver's process means."""
    if aim.intent is Intent.RESTART:
        return DriverEvent.EXITED
    if aim.intent is Intent.QUARANTINE:
        return DriverEvent.KEPT_OUT
    return DriverEvent.REAPED


def at_rest(aim: Aim, state: DriverState) -> DriverEvent | None:
    """What it means for a driver that has no process; None: nothing that is not so already."""
    if aim.intent is Intent.QUARANTINE and state in (DriverState.RESTARTING, DriverState.STOPPED):
        return DriverEvent.KEPT_OUT
    waits = state is DriverState.RESTARTING and aim.intent > Intent.RESTART
    kept_out = state is DriverState.QUARANTINED and aim.intent > Intent.QUARANTINE
    return DriverEvent.STOP_ASKED if waits or kept_out else None
