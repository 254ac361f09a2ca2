"""The columns of profiles and of the audit. Invariant: pure functions of the records."""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.policy import words
from ioregui.records import moments
from ioregui.records.column import Column
from runtime.model.audit import AuditEntry
from runtime.model.policy import Profile

translate = QCoreApplication.translate


def profile_columns() -> tuple[Column[Profile], ...]:
    """Return the columns of profiles, from left to right, in the user's language."""
    return (
        Column(
            translate("policy", "Profile"),
            translate("policy", "Its display name."),
            words.name,
            26,
            grows=True,
        ),
        Column(
            translate("policy", "Organization"),
            translate("policy", "Whose profile it is, as it says."),
            words.organization,
            20,
        ),
        Column(
            translate("policy", "Other extensions"),
            translate("policy", "Whether users may approve what no profile names."),
            words.others,
            14,
            words.others_tone,
        ),
        Column(
            translate("policy", "File"),
            translate("policy", "The file that it was added from."),
            words.file,
            24,
            optional=True,
        ),
        Column(
            translate("policy", "Added"),
            translate("policy", "When it was added, and by whom."),
            words.added,
            28,
        ),
    )


def audit_columns() -> tuple[Column[AuditEntry], ...]:
    """Return the columns of the audit, from left to right, in the user's language."""
    return (
        Column(
            translate("audit", "When"),
            translate("audit", "When it was done."),
            lambda one: moments.date_and_clock(one.wall_ns),
            23,
            whole=True,
        ),
        Column(
            translate("audit", "What"),
            translate("audit", "What was asked, shown or decided."),
            words.deed,
            15,
            words.deed_tone,
        ),
        Column(
            translate("audit", "By"),
            translate("audit", "Who asked or decided."),
            lambda one: plaintext.plain(one.by),
            38,
        ),
        Column(
            translate("audit", "About"),
            translate("audit", "The extension, profile or action."),
            lambda one: plaintext.plain(one.name or one.subject),
            24,
        ),
        Column(
            translate("audit", "Result"),
            translate("audit", "What came of it."),
            lambda one: plaintext.plain(one.result, plaintext.SENTENCE),
            30,
            grows=True,
        ),
    )
