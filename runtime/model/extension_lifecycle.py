"""The life of an extension: states, events, and the one transition table.

Source: sysextd's observed states (`activated_waiting_for_user`, `activated_enabled`, …), in
the words of the window.
Invariant: an unknown (state, event) pair raises.
"""

import enum

from runtime.model.lifecycle import step


class ExtensionState(enum.StrEnum):
    """The words of the window and the command line."""

    WAITING = "waiting for approval"
    ACTIVE = "active"
    DISABLED = "disabled"  # approved once, kept from running
    UPGRADING = "upgrading"  # approved, the old version still runs
    DENIED = "denied"
    INVALID = "invalid"  # its staged copy is missing or not what was approved
    REMOVED = "removed"


class ExtensionEvent(enum.StrEnum):
    """What happens to an extension."""

    APPROVED = "approved"
    HELD = "held"  # approved, but the old version has not stopped yet
    DENIED = "denied"
    REQUESTED = "requested"  # a fresh request after a denial or removal
    REPLACED = "replaced"  # a newer version is active
    DEACTIVATED = "deactivated"
    BROKEN = "broken"  # the staged copy failed verification
    DEVELOPER_OFF = "developer mode off"  # it needs developer mode, which was turned off
    DEVELOPER_ON = "developer mode on"
    FORBIDDEN = "forbidden"  # a profile says that it may not run
    PERMITTED = "permitted"  # no profile says so any more


INITIAL = ExtensionState.WAITING
"""Where every extension begins."""

_S, _E = ExtensionState, ExtensionEvent
TRANSITIONS: dict[tuple[ExtensionState, ExtensionEvent], ExtensionState] = {
    (_S.WAITING, _E.APPROVED): _S.ACTIVE,
    (_S.WAITING, _E.HELD): _S.UPGRADING,
    (_S.WAITING, _E.DENIED): _S.DENIED,
    (_S.WAITING, _E.REQUESTED): _S.WAITING,
    (_S.WAITING, _E.DEACTIVATED): _S.REMOVED,
    (_S.WAITING, _E.REPLACED): _S.REMOVED,
    (_S.WAITING, _E.BROKEN): _S.INVALID,
    (_S.ACTIVE, _E.APPROVED): _S.ACTIVE,  # approving twice is harmless
    (_S.ACTIVE, _E.REQUESTED): _S.ACTIVE,
    (_S.ACTIVE, _E.REPLACED): _S.REMOVED,
    (_S.ACTIVE, _E.DEACTIVATED): _S.REMOVED,
    (_S.ACTIVE, _E.BROKEN): _S.INVALID,
    (_S.ACTIVE, _E.DEVELOPER_OFF): _S.DISABLED,
    (_S.ACTIVE, _E.FORBIDDEN): _S.DISABLED,
    (_S.DISABLED, _E.DEVELOPER_ON): _S.ACTIVE,
    (_S.DISABLED, _E.PERMITTED): _S.ACTIVE,
    (_S.DISABLED, _E.REQUESTED): _S.DISABLED,
    (_S.DISABLED, _E.DEACTIVATED): _S.REMOVED,
    (_S.DISABLED, _E.REPLACED): _S.REMOVED,
    (_S.DISABLED, _E.BROKEN): _S.INVALID,
    (_S.UPGRADING, _E.APPROVED): _S.ACTIVE,
    (_S.UPGRADING, _E.DEACTIVATED): _S.REMOVED,
    (_S.UPGRADING, _E.BROKEN): _S.INVALID,
    (_S.DENIED, _E.REQUESTED): _S.WAITING,
    (_S.DENIED, _E.DEACTIVATED): _S.REMOVED,
    (_S.INVALID, _E.REQUESTED): _S.WAITING,
    (_S.INVALID, _E.DEACTIVATED): _S.REMOVED,
    (_S.REMOVED, _E.REQUESTED): _S.WAITING,
}


def advance(state: ExtensionState, event: ExtensionEvent) -> ExtensionState:
    """Return the state after an event.

    Raises:
        ValueError: The table has no such pair; the caller has a defect.
    """
    return step("extension", TRANSITIONS, state, event)
