"""The audit beside the store's own entries: what was shown, whose authority was looked at, trust.

Runs in the event loop; an entry is on the disk when `record` returns.
Invariant: what one user asks again and again is written once a minute.
"""

import time

import msgspec

from runtime.extensions.contents import Changes
from runtime.extensions.store import Store
from runtime.model.audit import AuditEntry, Deed
from runtime.wire.commands.audit import AuditPage

PAGE = 500  # entries of one answer
SILENCE_SECONDS = 60.0  # before the same is written again of somebody's authority
REMEMBERED = 1000  # of what was written not long ago


class Auditing:
    """Writes to and reads from the store's audit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: dict[AuditEntry, float] = {}  # without time and number, and when

    def record(self, entry: AuditEntry) -> None:
        """Write an entry, with the present time.

        Raises:
            UnavailableError: The store cannot be written.
        """
        timed = msgspec.structs.replace(entry, wall_ns=time.time_ns())
        self._store.commit(Changes(audit=[timed]))

    def record_once(self, entry: AuditEntry) -> None:
        """`record` what was not written a short while ago.

        Raises:
            UnavailableError: The store cannot be written.
        """
        now = time.monotonic()
        silence = SILENCE_SECONDS if entry.deed is Deed.AUTHORITY else float("inf")
        if now - self._written.get(entry, float("-inf")) < silence:
            return
        self.record(entry)
        self._written[entry] = now
        if len(self._written) > REMEMBERED:
            self._written.pop(next(iter(self._written)))

    def page(self, before: int) -> AuditPage:
        """The newest entries, those before a number if it is not 0.

        Raises:
            UnavailableError: They cannot be read.
        """
        return AuditPage(tuple(self._store.audit(before, PAGE)))
