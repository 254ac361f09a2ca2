"""A queue with threads of its own: serial, concurrent, asleep, cancelled."""

import threading
import time

import pytest

from runtime.driverkit import IOReturnError, kIODispatchQueueWakeupAll, mach_absolute_time
from runtime.driverkit.kern_return import (
    kIOReturnNotPermitted,
    kIOReturnTimeout,
    kIOReturnUnsupported,
)
from runtime.host.thread_queue import THREADS, ThreadQueue
from tests.unit.host.engine import SECONDS, Note, Queues


def test_work_runs_in_order_on_the_queue(serial: ThreadQueue) -> None:
    seen: list[tuple[int, bool]] = []
    for number in range(50):
        serial.DispatchAsync(lambda n=number: seen.append((n, serial.OnQueue())))  # type: ignore[misc]
    assert serial.DispatchSync(lambda: len(seen)) == 50
    assert seen == [(number, True) for number in range(50)]
    assert not serial.OnQueue()


def test_the_error_of_synchronous_work_is_the_caller_s(queues: Queues) -> None:
    queue = queues.make("serial")
    with pytest.raises(ZeroDivisionError):
        queue.DispatchSync(lambda: 1 // 0)
    assert queues.died == []


def test_the_error_of_asynchronous_work_ends_the_process(queues: Queues) -> None:
    queue = queues.make("serial")

    def fails() -> None:
        raise KeyError("of the driver's")

    queue.DispatchAsync(fails)
    queue.DispatchSync(lambda: None)
    assert [type(error) for error in queues.died] == [KeyError]


def test_a_queue_may_call_back_into_one_that_waits_for_it(queues: Queues) -> None:
    one, other = queues.make("one"), queues.make("other")

    def inner() -> tuple[bool, bool]:
        return one.DispatchSync(lambda: (one.OnQueue(), other.OnQueue()))

    assert one.DispatchSync(lambda: other.DispatchSync(inner)) == (True, True)


def test_concurrent_work_runs_at_once_and_serial_work_alone(reentrant: ThreadQueue) -> None:
    together = threading.Barrier(THREADS)
    running: list[int] = []
    most: list[int] = []

    def meet() -> None:
        running.append(1)
        together.wait(SECONDS)
        running.pop()

    for _ in range(THREADS):
        reentrant.DispatchConcurrent(meet)
    reentrant.DispatchAsync(lambda: most.append(len(running)))
    for _ in range(THREADS):
        reentrant.DispatchConcurrent(meet)
    assert reentrant.DispatchSync(lambda: len(running)) == 0
    assert most == [0]


def test_a_sleeper_gives_the_queue_up_and_has_it_again(reentrant: ThreadQueue) -> None:
    said: list[str] = []
    asleep, over = Note(), Note()

    def sleeper() -> None:
        said.append("sleeps")
        asleep()
        reentrant.Sleep("event")
        said.append("on" if reentrant.OnQueue() else "off")
        over()

    def waker() -> None:
        said.append("wakes")
        reentrant.Wakeup("event")
        said.append("still has it")

    reentrant.DispatchAsync(sleeper)
    asleep.wait()
    reentrant.DispatchAsync(waker)
    over.wait()
    assert said == ["sleeps", "wakes", "still has it", "on"]


@pytest.mark.parametrize(("options", "woken"), [(0, 1), (kIODispatchQueueWakeupAll, 3)])
def test_one_or_all_are_woken(reentrant: ThreadQueue, options: int, woken: int) -> None:
    over: list[object] = []
    asleep = threading.Semaphore(0)

    def sleeper() -> None:
        asleep.release()
        try:
            reentrant.SleepWithTimeout("event", 200_000_000)
            over.append("woken")
        except IOReturnError as error:
            over.append(error.code)

    for _ in range(3):
        reentrant.DispatchAsync(sleeper)
    for _ in range(3):
        assert asleep.acquire(timeout=SECONDS)
    reentrant.DispatchSync(lambda: reentrant.WakeupWithOptions("event", options))
    done = Note()
    reentrant.Cancel(done)  # after the last of them
    done.wait()
    assert over.count("woken") == woken
    assert over.count(kIOReturnTimeout) == 3 - woken


def test_a_deadline_ends_a_sleep(reentrant: ThreadQueue) -> None:
    with pytest.raises(IOReturnError) as caught:
        reentrant.DispatchSync(lambda: reentrant.Sleep("event", mach_absolute_time() + 1_000_000))
    assert caught.value.code == kIOReturnTimeout


def test_who_may_not_sleep_is_told(serial: ThreadQueue, reentrant: ThreadQueue) -> None:
    with pytest.raises(IOReturnError) as plain:
        serial.DispatchSync(lambda: serial.Sleep("event"))
    with pytest.raises(IOReturnError) as concurrent:
        serial.DispatchConcurrent(lambda: None)
    with pytest.raises(IOReturnError) as outside:
        reentrant.Sleep("event")
    with pytest.raises(IOReturnError) as waking:
        reentrant.Wakeup("event")
    codes = [each.value.code for each in (plain, concurrent, outside, waking)]
    assert codes == [kIOReturnUnsupported] * 2 + [kIOReturnNotPermitted] * 2


def test_a_cancelled_queue_ends_what_runs_and_drops_what_waits(serial: ThreadQueue) -> None:
    started, go, done = Note(), threading.Event(), Note()
    seen: list[str] = []

    def first() -> None:
        started()
        assert go.wait(SECONDS)
        seen.append("first")

    def last() -> None:
        seen.append("cancelled")
        done()

    serial.DispatchAsync(first)
    serial.DispatchAsync(lambda: seen.append("dropped"))
    started.wait()
    serial.Cancel(last)
    serial.DispatchAsync(lambda: seen.append("too late"))
    serial.Cancel(lambda: seen.append("again"))
    go.set()
    done.wait()
    assert seen == ["first", "cancelled"]


def test_its_pulse_names_what_runs_and_leaves_out_what_sleeps(reentrant: ThreadQueue) -> None:
    asleep, busy, go = Note(), Note(), threading.Event()

    def sleeps() -> None:
        asleep()
        reentrant.Sleep("event")

    def works() -> None:
        busy()
        assert go.wait(SECONDS)
        reentrant.Wakeup("event")

    assert reentrant.pulse(time.monotonic_ns()).callback == ""
    reentrant.DispatchAsync(sleeps)
    asleep.wait()
    reentrant.DispatchAsync(works)
    busy.wait()
    pulse = reentrant.pulse(time.monotonic_ns() + 5_000_000)
    assert (pulse.queue, pulse.callback, pulse.calling) == ("reentrant", "works", False)
    assert pulse.age_us >= 5000
    go.set()
