"""The life of an extension: states, events, and the one transition table.

Beside each state stand sysextd's, whose realizing, staging and validating come before there is
a record. An upgrade is two extensions: the new one takes over, the old one gives way and is kept
until the new one runs.
Source: sysextd's observed states, in the words of the window.
Invariant: an unknown (state, event) pair raises.
"""

import enum

from runtime.model.lifecycle import step


class ExtensionState(enum.StrEnum):
    """The words of the window and the command line."""

    WAITING = "waiting for approval"  # activated_waiting_for_user
    ACTIVE = "active"  # activated_enabled
    DISABLED = "disabled"  # activated_disabled: approved once, kept from running
    UPGRADING = "upgrading"  # activated_waiting_to_upgrade, …_enabling: it takes over
    GIVING_WAY = "giving way"  # terminating_for_upgrade: a newer version takes over
    DENIED = "denied"
    REVOKED = "revoked"  # activated_disabled: its approval was taken away
    INVALID = "invalid"  # its staged copy is missing or another, or it failed to take over
    REMOVED = "removed"  # terminating_for_uninstall, uninstalled


class ExtensionEvent(enum.StrEnum):
    """What happens to an extension."""

    APPROVED = "approved"
    TAKES_OVER = "takes over"  # approved, while another version is active
    SETTLED = "settled"  # it runs in place of the version before it
    FAILED = "failed to take over"
    GIVES_WAY = "gives way"  # another version takes over
    RESTORED = "restored"  # that one failed
    DENIED = "denied"
    UNDONE = "decision undone"  # the request is in the inbox again
    REVOKED = "revoked"  # somebody took every approval of it away
    REQUESTED = "requested"  # a fresh request after a denial or removal
    REPLACED = "replaced"  # another version is in force
    DEACTIVATED = "deactivated"
    BROKEN = "broken"  # the staged copy failed verification
    DEVELOPER_OFF = "developer mode off"  # it needs developer mode, which was turned off
    DEVELOPER_ON = "developer mode on"
    DISTRUSTED = "distrusted"  # who vouched for it is not trusted any more
    TRUSTED = "trusted"  # somebody who is trusted vouches for it again
    FORBIDDEN = "forbidden"  # a profile says that it may not run
    PERMITTED = "permitted"  # no profile says so any more


INITIAL = ExtensionState.WAITING
"""Where every extension begins."""

RUNNABLE = frozenset({ExtensionState.ACTIVE, ExtensionState.UPGRADING})
"""States in which it may run."""

_S, _E = ExtensionState, ExtensionEvent
TRANSITIONS: dict[tuple[ExtensionState, ExtensionEvent], ExtensionState] = {
    (_S.WAITING, _E.APPROVED): _S.ACTIVE,
    (_S.WAITING, _E.TAKES_OVER): _S.UPGRADING,
    (_S.WAITING, _E.DENIED): _S.DENIED,
    (_S.WAITING, _E.UNDONE): _S.WAITING,
    (_S.WAITING, _E.REQUESTED): _S.WAITING,
    (_S.WAITING, _E.DEACTIVATED): _S.REMOVED,
    (_S.WAITING, _E.REPLACED): _S.REMOVED,
    (_S.WAITING, _E.BROKEN): _S.INVALID,
    (_S.ACTIVE, _E.APPROVED): _S.ACTIVE,  # approving twice is harmless
    (_S.ACTIVE, _E.UNDONE): _S.WAITING,
    (_S.ACTIVE, _E.REVOKED): _S.REVOKED,
    (_S.ACTIVE, _E.REQUESTED): _S.ACTIVE,
    (_S.ACTIVE, _E.GIVES_WAY): _S.GIVING_WAY,
    (_S.ACTIVE, _E.DEACTIVATED): _S.REMOVED,
    (_S.ACTIVE, _E.BROKEN): _S.INVALID,
    (_S.ACTIVE, _E.DEVELOPER_OFF): _S.DISABLED,
    (_S.ACTIVE, _E.DISTRUSTED): _S.DISABLED,
    (_S.ACTIVE, _E.FORBIDDEN): _S.DISABLED,
    (_S.DISABLED, _E.APPROVED): _S.ACTIVE,  # its app came back with a better signature
    (_S.DISABLED, _E.UNDONE): _S.WAITING,
    (_S.DISABLED, _E.REVOKED): _S.REVOKED,
    (_S.DISABLED, _E.DEVELOPER_ON): _S.ACTIVE,
    (_S.DISABLED, _E.TRUSTED): _S.ACTIVE,
    (_S.DISABLED, _E.PERMITTED): _S.ACTIVE,
    (_S.DISABLED, _E.REQUESTED): _S.DISABLED,
    (_S.DISABLED, _E.DEACTIVATED): _S.REMOVED,
    (_S.DISABLED, _E.REPLACED): _S.REMOVED,
    (_S.DISABLED, _E.BROKEN): _S.INVALID,
    (_S.UPGRADING, _E.SETTLED): _S.ACTIVE,
    (_S.UPGRADING, _E.FAILED): _S.INVALID,
    (_S.UPGRADING, _E.APPROVED): _S.UPGRADING,
    (_S.UPGRADING, _E.UNDONE): _S.WAITING,
    (_S.UPGRADING, _E.REVOKED): _S.REVOKED,
    (_S.UPGRADING, _E.REQUESTED): _S.UPGRADING,
    (_S.UPGRADING, _E.REPLACED): _S.REMOVED,
    (_S.UPGRADING, _E.DEACTIVATED): _S.REMOVED,
    (_S.GIVING_WAY, _E.APPROVED): _S.ACTIVE,  # somebody wants the old version after all
    (_S.GIVING_WAY, _E.RESTORED): _S.ACTIVE,
    (_S.GIVING_WAY, _E.REVOKED): _S.REVOKED,
    (_S.GIVING_WAY, _E.REQUESTED): _S.GIVING_WAY,
    (_S.GIVING_WAY, _E.REPLACED): _S.REMOVED,
    (_S.GIVING_WAY, _E.DEACTIVATED): _S.REMOVED,
    (_S.GIVING_WAY, _E.BROKEN): _S.INVALID,
    (_S.DENIED, _E.REQUESTED): _S.WAITING,
    (_S.DENIED, _E.UNDONE): _S.WAITING,
    (_S.DENIED, _E.DEACTIVATED): _S.REMOVED,
    (_S.REVOKED, _E.REQUESTED): _S.WAITING,
    (_S.REVOKED, _E.UNDONE): _S.WAITING,
    (_S.REVOKED, _E.DEACTIVATED): _S.REMOVED,
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
