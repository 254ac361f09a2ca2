"""What dispatch sources wait for: alarms on each clock, and descriptors."""

import os
import time

import pytest

from runtime.host.sources import Sources
from tests.unit.host.engine import Note

MS = 1_000_000


@pytest.mark.parametrize("clock", [time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_REALTIME])
def test_an_alarm_rings_once_at_its_time(sources: Sources, clock: int) -> None:
    rung: list[int] = []
    done = Note()
    deadline = time.clock_gettime_ns(clock) + 5 * MS
    sources.set_alarm("one", clock, deadline, 0, rung.append)
    sources.set_alarm("last", clock, deadline + MS, 0, lambda _now: done())
    done.wait()
    assert len(rung) == 1
    assert rung[0] >= deadline


def test_alarms_ring_in_the_order_of_their_deadlines(sources: Sources) -> None:
    rung: list[str] = []
    done = Note()
    now = time.monotonic_ns()
    for name, after in (("late", 6), ("early", 3), ("past", -1)):
        ring = lambda _now, n=name: rung.append(n)  # noqa: E731
        # They can wait for the last one, which is set when all are.
        sources.set_alarm(name, time.CLOCK_MONOTONIC, now + after * MS, 60_000 * MS, ring)
    sources.set_alarm("last", time.CLOCK_MONOTONIC, now + 7 * MS, 0, lambda _now: done())
    done.wait()
    assert rung == ["past", "early", "late"]


def test_a_cleared_or_replaced_alarm_does_not_ring(sources: Sources) -> None:
    rung: list[str] = []
    done = Note()
    now = time.monotonic_ns()
    for key in ("cleared", "replaced"):
        ring = lambda _now, k=key: rung.append(k)  # noqa: E731
        sources.set_alarm(key, time.CLOCK_MONOTONIC, now + 100_000 * MS, 0, ring)
    sources.clear_alarm("cleared")
    sources.set_alarm("replaced", time.CLOCK_MONOTONIC, now + MS, 0, lambda _now: done())
    done.wait()
    assert rung == []


def test_leeway_lets_alarms_ring_together(sources: Sources) -> None:
    rung: list[tuple[str, int]] = []
    done = Note()
    now = time.monotonic_ns()
    for name, after, leeway in (("patient", 1, 60_000), ("prompt", 10, 0)):
        ring = lambda at, n=name: rung.append((n, at))  # noqa: E731
        sources.set_alarm(name, time.CLOCK_MONOTONIC, now + after * MS, leeway * MS, ring)
    sources.set_alarm("last", time.CLOCK_MONOTONIC, now + 11 * MS, 0, lambda _now: done())
    done.wait()
    assert [name for name, _ in rung] == ["patient", "prompt"]
    assert rung[0][1] >= now + 10 * MS


def test_a_descriptor_is_told_until_it_is_unwatched(sources: Sources) -> None:
    event = os.eventfd(0, os.EFD_CLOEXEC)
    counts: list[int] = []
    heard = [Note(), Note()]

    def ready() -> None:
        counts.append(os.eventfd_read(event))
        heard[len(counts) - 1]()

    sources.watch(event, ready)
    os.eventfd_write(event, 1)
    heard[0].wait()
    os.eventfd_write(event, 2)
    heard[1].wait()
    sources.unwatch(event)
    sources.unwatch(event)
    os.eventfd_write(event, 3)
    os.close(event)
    assert counts == [1, 2]


def test_what_is_watched_once_is_told_once_until_it_is_watched_anew(sources: Sources) -> None:
    event = os.eventfd(1, os.EFD_CLOEXEC)  # readable all the while
    heard, later, again = Note(), Note(), Note()
    told: list[Note] = []

    def tell(note: Note) -> None:
        told.append(note)
        note()

    sources.watch(event, lambda: tell(heard), once=True)
    heard.wait()
    os.eventfd_write(event, 1)
    now = time.monotonic_ns()
    sources.set_alarm("later", time.CLOCK_MONOTONIC, now + 10 * MS, 0, lambda _now: later())
    later.wait()
    sources.watch(event, lambda: tell(again), once=True)
    again.wait()
    sources.unwatch(event)
    os.close(event)
    assert told == [heard, again]
