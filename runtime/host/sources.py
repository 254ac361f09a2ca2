"""The thread that waits for a driver's timers and for descriptors of its other sources.

It starts with the first of them, and only tells: handlers run on queues.
Invariant: what it calls never blocks and never runs a driver's code.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from runtime.host.queues import Die

_GLANCE_S = 1.0  # how late an alarm can be on a clock that was set, or that ran while we slept


class _Alarm(NamedTuple):
    clock: int
    deadline: int
    leeway: int
    ring: Callable[[int], None]


class Sources:
    """See `runtime.driverkit.transport.Sources`.

    Args:
        die: Ends the process for an exception in the thread.
    """

    def __init__(self, die: Die) -> None:
        self._die = die
        self._lock = threading.Lock()
        self._alarms: dict[object, _Alarm] = {}
        self._watched: dict[int, Callable[[], None]] = {}
        self._poll: select.epoll | None = None  # until there is something to wait for
        self._wake = -1
        self._thread: threading.Thread | None = None
        self._closed = False

    def set_alarm(
        self, key: object, clock: int, deadline: int, leeway: int, ring: Callable[[int], None]
    ) -> None:
        """See `Sources.set_alarm`."""
        with self._lock:
            self._alarms[key] = _Alarm(clock, deadline, leeway, ring)
            self._begun()
        os.eventfd_write(self._wake, 1)

    def clear_alarm(self, key: object) -> None:
        """See `Sources.clear_alarm`."""
        with self._lock:
            self._alarms.pop(key, None)

    def watch(
        self,
        descriptor: int,
        ready: Callable[[], None],
        *,
        writable: bool = False,
        once: bool = False,
    ) -> None:
        """See `Sources.watch`."""
        events = select.EPOLLOUT if writable else select.EPOLLIN
        if once:
            events |= select.EPOLLONESHOT
        with self._lock:
            known = descriptor in self._watched
            self._watched[descriptor] = ready
            poll = self._begun()
            if known:
                poll.modify(descriptor, events)
            else:
                poll.register(descriptor, events)

    def unwatch(self, descriptor: int) -> None:
        """See `Sources.unwatch`."""
        with self._lock:
            if self._watched.pop(descriptor, None) is not None:
                self._begun().unregister(descriptor)

    def close(self) -> None:
        """End the thread; nothing is told any more."""
        self._closed = True
        if self._poll is not None and self._thread is not None:
            os.eventfd_write(self._wake, 1)
            self._thread.join()
            self._poll.close()
            os.close(self._wake)

    def _begun(self) -> select.epoll:
        """What the thread waits with, which is started with the first use; the lock is held."""
        if self._poll is None:
            self._poll = select.epoll()
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self._poll.register(self._wake, select.EPOLLIN)
            self._thread = threading.Thread(
                target=self._run, args=(self._poll,), name="sources", daemon=True
            )
            self._thread.start()
        return self._poll

    def _run(self, poll: select.epoll) -> None:
        try:
            while not self._closed:
                for descriptor, _ in poll.poll(self._seconds()):
                    self._ready(descriptor)
                self._ring()
        except BaseException as error:  # noqa: BLE001 - the edge of the process
            self._die(error)

    def _ready(self, descriptor: int) -> None:
        if descriptor == self._wake:
            os.eventfd_read(self._wake)
            return
        with self._lock:
            ready = self._watched.get(descriptor)
        if ready is not None:
            ready()

    def _seconds(self) -> float:
        """Until the first alarm may wait no longer; -1 where none is set."""
        with self._lock:
            alarms = tuple(self._alarms.values())
        waits = [
            min(left, _GLANCE_S if alarm.clock != time.CLOCK_MONOTONIC else left)
            for alarm in alarms
            for left in [(_late(alarm) - time.clock_gettime_ns(alarm.clock)) / 1e9]
        ]
        return max(0.0, min(waits)) if waits else -1

    def _ring(self) -> None:
        """Ring everything that is due, once one alarm may wait no longer."""
        with self._lock:
            nows = {a.clock: time.clock_gettime_ns(a.clock) for a in self._alarms.values()}
            if not any(nows[alarm.clock] >= _late(alarm) for alarm in self._alarms.values()):
                return
            due = [key for key, a in self._alarms.items() if nows[a.clock] >= a.deadline]
            ringing = [self._alarms.pop(key) for key in due]
        for alarm in sorted(ringing, key=lambda each: each.deadline):
            alarm.ring(nows[alarm.clock])


def _late(alarm: _Alarm) -> int:
    return alarm.deadline + alarm.leeway
