"""What one thread of a queue does: the callback that it runs, and what it waits for.

Invariant: written by its own thread only, and read by any without a lock.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

_of_thread = threading.local()


class State(NamedTuple):
    """One moment of a thread; times are of the monotonic clock, in nanoseconds."""

    callback: str  # empty: none runs
    began: int
    calling: bool  # it waits for the runtime or the provider
    progressed: int  # when the callback began, or a call of it last returned
    asleep: bool  # it has given its queue up


class Activity:
    """One thread of a queue; made in that thread."""

    def __init__(self) -> None:
        self._running = ("", 0)  # callback and when it began; one value, so that no lock is needed
        self._calling = False
        self._progressed = 0
        self._asleep = False
        self._call = _Call(self)
        _of_thread.activity = self

    @staticmethod
    def current() -> "Activity | None":
        """The calling thread's; None on a thread of the driver's own."""
        activity: Activity | None = getattr(_of_thread, "activity", None)
        return activity

    @property
    def state(self) -> State:
        """What it does now; any thread."""
        return State(*self._running, self._calling, self._progressed, self._asleep)

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Run one callback, visible in the pulse as `name`."""
        before = self._running
        self._progressed = time.monotonic_ns()
        self._running = (name, self._progressed)
        try:
            work()
        finally:
            self._running = before

    def calling(self) -> "_Call":
        """While in here, this thread waits for the runtime or the provider."""
        return self._call

    def set_calling(self, *, calling: bool) -> None:
        """Begin or end to wait."""
        if not calling:
            self._progressed = time.monotonic_ns()
        self._calling = calling

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """While in here, others have its queue."""
        self._asleep = True
        try:
            yield
        finally:
            self._progressed = time.monotonic_ns()
            self._asleep = False


class _Call:
    """Made once a thread: what enters it does so for every transfer."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    def __enter__(self) -> None:
        self._activity.set_calling(calling=True)

    def __exit__(self, *ended: object) -> None:
        self._activity.set_calling(calling=False)


_ALONE = contextlib.nullcontext()


def calling() -> contextlib.AbstractContextManager[None]:
    """While in it, the calling thread waits for the runtime or the provider, as the pulse tells."""
    activity = Activity.current()
    return _ALONE if activity is None else activity.calling()
