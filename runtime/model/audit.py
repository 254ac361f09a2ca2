"""The audit: who was asked what, who decided, on what authority, and what came of it.

Invariant: values only; an entry is written once and never changed.
"""

import enum

import msgspec


class Deed(enum.StrEnum):
    """What was done, in the words of the window and the command line."""

    REQUESTED = "requested"
    SHOWN = "shown"
    APPROVED = "approved"
    DENIED = "denied"
    UNDONE = "undone"  # a decision
    REVOKED = "revoked"  # an approval
    ENDED = "ended"  # a request, by another than an approval or a denial
    REMOVED = "removed"
    DEVELOPER = "developer mode"
    PROFILE = "profile"
    TRUST = "trust"
    AUTHORITY = "authority"  # somebody was asked whether somebody may do something


DECIDED = frozenset(Deed) - {Deed.REQUESTED, Deed.SHOWN, Deed.ENDED, Deed.AUTHORITY}
"""Kept apart: however much is asked, what was decided is not pushed out by it."""


class AuditEntry(msgspec.Struct, frozen=True, array_like=True):
    """One line. `subject` is a request, an extension, a profile, a fingerprint or an action."""

    deed: Deed
    subject: str
    name: str
    by: str
    result: str = ""
    wall_ns: int = 0
    number: int = 0  # counts up; the store's
