"""Commands about the audit, and the ones that clean up.

Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.audit import AuditEntry
from runtime.model.identity import RequestId
from runtime.model.records import Extension
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Number


class AuditPage(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ReadAudit`; the page is empty when there is nothing older."""

    entries: tuple[AuditEntry, ...]


class ReadAudit(CommandOf[AuditPage], frozen=True, array_like=True, tag="read-audit"):
    """Read the newest entries, newest first; those before a number, when one is given."""

    RESULT: ClassVar[object] = AuditPage
    before: Number = 0


class Shown(CommandOf[None], frozen=True, array_like=True, tag="shown"):
    """Say that a request was shown to the client's user. Answer: nothing.

    Written to the audit once for each request and user. Refused with ``not-found``.
    """

    request: RequestId


class Removed(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `Reset`: what was removed, and what a profile keeps."""

    gone: tuple[Extension, ...]
    kept: tuple[Extension, ...]


class Reset(CommandOf[Removed], frozen=True, array_like=True, tag="reset"):
    """Remove all extensions with their approvals and requests, but those that a profile keeps."""

    RESULT: ClassVar[object] = Removed


class CollectGarbage(CommandOf[int], frozen=True, array_like=True, tag="collect-garbage"):
    """Delete staged bundles that no extension refers to. Answer: how many there were."""

    RESULT: ClassVar[object] = int
