"""Judging the pulse of a driver's queues."""

from runtime.model.processes import NO_CALL, OpenCall
from runtime.supervisor.hang import (
    HOPELESS_US,
    LATE_US,
    Late,
    Responding,
    judge,
    judge_silence,
    oldest,
)
from runtime.wire.driver import Pulse, QueuePulse


def test_idle_queues_respond() -> None:
    """An old callback's age means nothing on an idle queue."""
    assert judge(Pulse((QueuePulse("Default"), QueuePulse("IO", "", LATE_US * 2)))) == Responding()


def test_a_callback_that_waits_for_the_runtime_is_not_late() -> None:
    """The runtime owes it the answer."""
    waiting = QueuePulse("Default", "Start", LATE_US * 2, calling=True)
    assert judge(Pulse((waiting,))) == Responding()


def test_the_oldest_callback_is_named() -> None:
    """Two late queues: the worse one."""
    verdict = judge(
        Pulse(
            (
                QueuePulse("Default", "Start", LATE_US + 1),
                QueuePulse("IO", "ReadComplete", LATE_US + 2),
            )
        )
    )
    assert verdict == Late("IO", "ReadComplete", LATE_US + 2)
    assert "ReadComplete" in verdict.what


def test_the_deadline_itself_is_in_time() -> None:
    """Exactly at the deadline nothing is late."""
    assert judge(Pulse((QueuePulse("Default", "Start", LATE_US),))) == Responding()
    assert judge_silence(LATE_US) == Responding()


def test_silence() -> None:
    """A watcher that is not heard, and one that nobody waits for any more."""
    verdict = judge_silence(HOPELESS_US + 1)
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
