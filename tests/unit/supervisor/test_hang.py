"""Judging the pulse of a driver's queues."""

from runtime.model.processes import NO_CALL, OpenCall
from runtime.supervisor.hang import (
    HOPELESS_US,
    IDLE_US,
    LATE_US,
    LONG_US,
    Late,
    Responding,
    judge,
    judge_silence,
    oldest,
    progress,
)
from runtime.wire.driver import Pulse, QueuePulse


def test_idle_queues_respond() -> None:
    """An old callback's age means nothing on an idle queue."""
    assert judge(Pulse((QueuePulse("Default"), QueuePulse("IO", "", LATE_US * 2)))) == Responding()


def test_a_callback_that_waits_for_the_runtime_is_not_late() -> None:
    """The runtime owes it the answer."""
    waiting = QueuePulse("Default", "Start", LATE_US * 2, True, LATE_US * 2)
    assert judge(Pulse((waiting,))) == Responding()


def test_the_callback_that_progressed_longest_ago_is_named() -> None:
    """Two late queues: the worse one, whichever began first."""
    began_first = QueuePulse("Default", "Start", LATE_US * 4, quiet_us=LATE_US + 1)
    worse = QueuePulse("IO", "ReadComplete", LATE_US * 3, quiet_us=LATE_US + 2)
    verdict = judge(Pulse((began_first, worse)))
    assert verdict == Late("IO", "ReadComplete", LATE_US * 3, LATE_US + 2)
    assert "ReadComplete" in verdict.what
    assert not verdict.hopeless


def test_the_deadline_itself_is_in_time() -> None:
    """Exactly at the deadline nothing is late."""
    at_it = QueuePulse("Default", "Start", LATE_US, quiet_us=LATE_US)
    assert judge(Pulse((at_it,))) == Responding()
    assert judge_silence(LATE_US, Pulse(())) == Responding()


def test_progress_extends_the_deadline() -> None:
    """Up to ten minutes; beyond that it is late, but nobody ends it."""
    working = QueuePulse("Default", "Start", LONG_US, quiet_us=LATE_US)
    assert judge(Pulse((working,))) == Responding()
    verdict = judge(Pulse((QueuePulse("Default", "Start", LONG_US + 1, quiet_us=0),)))
    assert verdict == Late("Default", "Start", LONG_US + 1, 0)
    assert not verdict.hopeless


def test_only_a_callback_of_the_default_queue_progresses() -> None:
    """Start and Stop run there, and nothing while it is idle."""
    busy = QueuePulse("IO", "ReadComplete", 9, quiet_us=9)
    other = QueuePulse("Default of 0x8", "Stop", 9, quiet_us=8, service=8)
    assert progress(Pulse((QueuePulse("Default", service=5), busy, other)), 5) is None
    starting = QueuePulse("Default", "Start", 9, quiet_us=7, service=5)
    assert progress(Pulse((other, starting, busy)), 5) == 7


def test_silence() -> None:
    """A watcher that is not heard, and one that nobody waits for any more."""
    for pulse in (Pulse(()), Pulse((QueuePulse("Default", "Start"),))):
        assert isinstance(judge_silence(LATE_US + 1, pulse), Late)
    idle = Pulse((QueuePulse("Default"), QueuePulse("IO")))
    assert judge_silence(LATE_US + IDLE_US, idle) == Responding()
    assert isinstance(judge_silence(LATE_US + IDLE_US + 1, idle), Late)
    verdict = judge_silence(HOPELESS_US + 1, Pulse(()))
    assert isinstance(verdict, Late)
    assert verdict.hopeless
    assert "watcher" in verdict.what


def test_the_oldest_callback_grows_older_between_pulses() -> None:
    """Also one that waits for the runtime; an idle queue's age is nothing."""
    queues = (
        QueuePulse("Default", "Start", 40),
        QueuePulse("IO", "ReadComplete", 50, calling=True),
        QueuePulse("Idle", "", 60),
    )
    assert oldest(Pulse(queues), 7) == OpenCall("ReadComplete on queue IO", 57)
    assert oldest(Pulse(queues[2:]), 7) == NO_CALL
