"""Queues for tests. Invariant: every thread that it starts has ended after `close`."""

import threading

from runtime.host.thread_queue import ThreadQueue

SECONDS = 20.0


class Queues:
    """Makes queues, and remembers what left their callbacks."""

    def __init__(self) -> None:
        self.died: list[BaseException] = []
        self._made: list[ThreadQueue] = []
        self._before = set(threading.enumerate())

    def make(self, name: str, *, reentrant: bool = False) -> ThreadQueue:
        """A queue."""
        made = ThreadQueue(name, self.died.append, _ended, reentrant=reentrant)
        self._made.append(made)
        return made

    def close(self) -> None:
        """Cancel them all, and wait for their threads."""
        for queue in self._made:
            queue.Cancel()
        names = {queue.GetName() for queue in self._made}
        for thread in set(threading.enumerate()) - self._before:
            if thread.name in names:
                thread.join(SECONDS)
                assert not thread.is_alive(), thread.name


def _ended(queue: ThreadQueue) -> None:
    """Nobody watches its pulse."""
    del queue


class Note:
    """A word from one thread to another, waited for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> None:
        self._event.set()

    def wait(self) -> None:
        """Wait until it was called."""
        assert self._event.wait(SECONDS)
