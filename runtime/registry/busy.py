"""How long entries were busy, added up.

Source: xnu IOService.cpp, `_adjustBusy`: time counts while the busy count is not zero.
Invariant: the clock is the caller's; remembers only entries that are or were busy.
"""

from collections.abc import Callable

from runtime.model.identity import EntryId

_MS = 1_000_000


class BusyClock:
    """Adds up busy times in nanoseconds, so that many short ones are not lost."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._since: dict[EntryId, int] = {}
        self._total: dict[EntryId, int] = {}

    def moved(self, entry: EntryId, before: int, after: int, shown_ms: int) -> int:
        """Note a change of a busy count; return the accumulated milliseconds to show."""
        if before == 0 and after:
            self._since[entry] = self._clock()
        elif before and after == 0:
            spent = self._clock() - self._since.pop(entry)
            self._total[entry] = self._total.get(entry, 0) + spent
            return self._total[entry] // _MS
        return shown_ms

    def forget(self, entry: EntryId) -> None:
        """Drop what is known of an entry that is gone."""
        self._since.pop(entry, None)
        self._total.pop(entry, None)
