"""Where a driver's threads are: asked of its watcher, kept for the report of a hang.

Runs in the event loop.
Invariant: every asker gets an answer or a refusal, in a bounded time.
"""

import asyncio

import msgspec

from runtime.model.crash_report import Remains, ThreadFrames
from runtime.model.errors import ProblemError
from runtime.model.outcome import Exit, ExitHow
from runtime.supervisor.process import DriverProcess
from runtime.wire.driver import ThreadSample

SECONDS = 3.0  # for the watcher's answer

Threads = tuple[ThreadSample, ...]


class Samples:
    """The samples of one driver process."""

    def __init__(self) -> None:
        self._last: Threads = ()
        self._late_queue = ""
        self._askers: list[asyncio.Future[Threads]] = []

    def late(self, process: DriverProcess, queue: str) -> None:
        """A queue is past its deadline: ask where it is."""
        self._late_queue = queue
        process.ask_sample()

    def taken(self, threads: Threads) -> None:
        """The watcher has answered."""
        self._last = threads
        for asker in self._askers:
            if not asker.done():
                asker.set_result(threads)
        self._askers.clear()

    async def ask(self, name: str, process: DriverProcess) -> Threads:
        """Where every thread is now; `name` is the driver's, for a refusal.

        Raises:
            ProblemError: ``silent``: its watcher does not answer.
        """
        asker: asyncio.Future[Threads] = asyncio.get_running_loop().create_future()
        self._askers.append(asker)
        process.ask_sample()
        try:
            return await asyncio.wait_for(asker, SECONDS)
        except TimeoutError:
            raise ProblemError(
                "silent",
                f"driver {name}: expected to hear where its threads are within {SECONDS:.0f} s, "
                "found no answer: native code holds its interpreter, or it has ended",
            ) from None

    def completed(self, exit_: Exit, remains: Remains) -> Remains:
        """A process that was killed wrote nothing: say where it was when it hung, if known."""
        if remains.threads or not self._last or exit_.how is not ExitHow.HANG:
            return remains
        threads = [
            ThreadFrames(thread.name, thread.name == self._late_queue, thread.frames)
            for thread in self._last
        ]
        threads.sort(key=lambda thread: not thread.faulting)
        said = "the threads' end: shown is where they were when the driver stopped responding"
        return msgspec.structs.replace(remains, threads=tuple(threads), missing=(said,))
