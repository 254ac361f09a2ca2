"""Following the registry of a running runtime, for programs that may wait.

Blocks the calling thread; one thread only. A program with an event loop of its own uses
`runtime.client.client.Client` and gives its messages to `runtime.client.registry.Registry`.
Invariant: nothing is told twice, and nothing that happened after `follow` is left out but what
came and went between two messages.
"""

import time
from collections import deque
from collections.abc import Iterator

from runtime.client.blocking import Connection
from runtime.client.notifications import Notification
from runtime.client.registry import Registry
from runtime.model.errors import UnavailableError
from runtime.wire.commands.registry import Subscribe, Topic

SNAPSHOT_SECONDS = 30.0


class Following:
    """A connection and the copy of the registry that it keeps.

    Attributes:
        registry: As it was when the last notification was made.
    """

    def __init__(self, connection: Connection) -> None:
        """Subscribe; `connection` stays the caller's, who makes no other subscription on it.

        Raises:
            UnavailableError: The connection ended, or the registry did not come in time.
        """
        self._connection = connection
        self._told: deque[Notification] = deque()
        self.registry = Registry()
        connection.call(Subscribe(topics=(Topic.ENTRIES,)))
        while not self.registry.is_whole:
            if not self._take(SNAPSHOT_SECONDS):
                raise UnavailableError("registry: expected it in time, found nothing")

    def notifications(self, timeout_s: float | None = None) -> Iterator[Notification]:
        """Yield what happens, as it happens, until nothing does for `timeout_s`.

        Raises:
            UnavailableError: The connection ended.
        """
        while self._told or self._take(timeout_s):
            while self._told:
                yield self._told.popleft()

    def wait_quiet(self, timeout_s: float) -> bool:
        """Wait until nothing is being matched; False where that took too long.

        What happens meanwhile, `notifications` yields later.

        Raises:
            UnavailableError: The connection ended.
        """
        deadline = time.monotonic() + timeout_s
        while not self.registry.is_quiet:
            if not self._take(max(0.0, deadline - time.monotonic())):
                return False
        return True

    def _take(self, timeout_s: float | None) -> bool:
        message = self._connection.message(timeout_s)
        if message is not None:
            self._told += self.registry.apply(message)
        return message is not None
