"""Keeps journal and history on disk, in short turns of the event loop.

Invariant: a disk that refuses never stops the runtime; what is not written waits, bounded.
"""

import asyncio
from collections.abc import Callable

from runtime.model.errors import UnavailableError
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.registry.thinning import Thinning
from runtime.wire.commands.registry import HistoryPage

FLUSH_SECONDS = 0.5  # between writes


class Keeper:
    """Writes regularly once started.

    Args:
        journal: Closed by `close`.
        history: In the journal's file.
        on_trouble: Told one sentence when something could not be written.
        on_relief: Told the same sentence when all could be written again.
        thinning: Makes room in history.
    """

    def __init__(
        self,
        journal: Journal,
        history: History,
        on_trouble: Callable[[str], None],
        on_relief: Callable[[str], None],
        thinning: Thinning,
    ) -> None:
        self._journal = journal
        self._history = history
        self._thinning = thinning
        self._crowded = False  # whether history needs more room to be made
        self._on_trouble = on_trouble
        self._on_relief = on_relief
        self._unwritten: dict[Callable[[], object], str] = {}  # what each write was refused with
        self._timer: asyncio.Handle | None = None

    def start(self) -> None:
        """Write now, and again and again."""
        self._write(self._heal)
        self._write(self._journal.flush)
        self._turn()

    async def page(self, at_ms: int, segment: int, after: int) -> HistoryPage:
        """A page of history in which nothing is missing that happened before this call.

        Raises:
            ProblemError: ``not-found``.
            UnavailableError: History could not be written.
        """
        for _ in iter(self._history.pump, False):
            self._history.flush()
            await asyncio.sleep(0)  # other clients' turns in between
        self._history.flush()
        return self._history.page(at_ms, segment, after)

    def close(self) -> None:
        """Write everything and close the file.

        Raises:
            UnavailableError: Something could not be written; the file is closed nevertheless.
        """
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._history.close()
        finally:
            self._journal.close()

    def _turn(self) -> None:
        """Write a slice of history; come again at once for the rest."""
        loop = asyncio.get_running_loop()
        more = self._history.pump()
        self._write(self._history.flush)
        if not more:
            self._write(self._make_room)
        if more or self._crowded:
            self._timer = loop.call_soon(self._turn)
        else:
            self._timer = loop.call_later(FLUSH_SECONDS, self.start)

    def _make_room(self) -> None:
        self._crowded = False
        self._crowded = self._thinning.step()

    def _heal(self, error: UnavailableError | None = None) -> bool:
        """Go on in a new file where the present one is lost; False where it is not."""
        healed = self._journal.heal(error)
        if healed:
            self._history.begin_anew()
            self._thinning.begin_anew()
            self._on_trouble(healed)
        return bool(healed)

    def _write(self, write: Callable[[], object]) -> None:
        """Write; what a full disk refuses waits, and the user knows as long as it does."""
        before = self._unwritten.pop(write, "")
        try:
            self._written(write)
        except UnavailableError as error:
            self._unwritten[write] = str(error)
            self._on_trouble(str(error))
        if before and before not in self._unwritten.values():
            self._on_relief(before)

    def _written(self, write: Callable[[], object]) -> None:
        try:
            write()
        except UnavailableError as error:
            if not self._heal(error):
                raise
