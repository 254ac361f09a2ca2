"""Judges signatures again: at the start, when trust changes, and as certificates expire.

Runs in the event loop; X.509 is read in workers.
Invariant: what is not trusted any more is stopped before anybody is told that trust changed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from runtime.extensions.verdicts import Verdict, Verdicts
from runtime.model.errors import InspectorError
from runtime.model.identity import ContentHash

EVERY_SECONDS = 3600.0  # a certificate that expires is noticed within the hour


class Judging:
    """Keeps verdicts current.

    Args:
        verdicts: Takes them over.
        judge: Makes them, in a worker.
        refresh: Makes what runs equal to what may run.
        say: Told one sentence when nothing could be judged; the old verdicts hold then.
    """

    def __init__(
        self,
        verdicts: Verdicts,
        judge: Callable[[Sequence[ContentHash]], Awaitable[tuple[Verdict, ...]]],
        refresh: Callable[[], Awaitable[None]],
        say: Callable[[str], None],
    ) -> None:
        self._verdicts = verdicts
        self._judge = judge
        self._refresh = refresh
        self._say = say
        self._turns: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Judge, and again and again from now on; nothing has been readied before."""
        await self._look()
        self._turns = asyncio.get_running_loop().create_task(self._take_turns())

    def close(self) -> None:
        """Judge no more; idempotent."""
        if self._turns is not None:
            self._turns.cancel()

    async def judge(self) -> None:
        """Judge everything now, and do what follows."""
        await self._look()
        await self._refresh()

    async def _take_turns(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.judge()

    async def _look(self) -> None:
        signed = self._verdicts.judgeable()
        if not signed:
            return
        try:
            self._verdicts.apply(await self._judge(signed))
        except InspectorError as error:
            self._say(f"signatures could not be judged again: {error}")
