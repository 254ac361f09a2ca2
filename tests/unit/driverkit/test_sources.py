"""Timers and the state that all dispatch sources share."""

import pytest

from runtime.driverkit import (
    QUEUENAME,
    IODispatchQueue,
    IOReturnError,
    IOService,
    IOTimerDispatchSource,
    OSAction,
    callback,
    kIOReturnAborted,
    kIOReturnBadArgument,
    kIOReturnNotPermitted,
    kIOReturnTimeout,
    kIOTimerClockMachAbsoluteTime,
    mach_absolute_time,
)
from runtime.driverkit.entry import Entry
from tests.unit.driverkit.process import FakeProcess
from tests.unit.host.engine import Note

CLOCK = kIOTimerClockMachAbsoluteTime
MS = 1_000_000


class Ticker(IOService):
    """Counts what its timer tells."""

    def __init__(self) -> None:
        super().__init__(Entry(1, "Ticker"))
        self.times: list[int] = []
        self.ticked = Note()
        self.on: list[str] = []

    @callback(IOTimerDispatchSource.TimerOccurred)
    def Tick(self, action: OSAction, time: int) -> None:
        assert action.GetReference() == "mine"
        self.times.append(time)
        self.ticked()

    @QUEUENAME("Slow")
    @callback(IOTimerDispatchSource.TimerOccurred)
    def SlowTick(self, action: OSAction, time: int) -> None:
        del action, time
        queue = self.CopyDispatchQueue("Slow")
        self.on.append(queue.GetName() if queue.OnQueue() else "elsewhere")


def a_timer(ticker: Ticker) -> IOTimerDispatchSource:
    timer = IOTimerDispatchSource.Create(ticker.CopyDispatchQueue())
    timer.SetHandler(ticker.CreateAction(ticker.Tick, "mine"))
    return timer


def settle(process: FakeProcess) -> None:
    process.default_queue().DispatchSync(lambda: None)


def test_a_timer_fires_once_on_its_queue(process: FakeProcess) -> None:
    ticker = Ticker()
    timer = a_timer(ticker)
    deadline = mach_absolute_time() + 2 * MS
    timer.WakeAtTime(CLOCK, deadline, leeway=MS)
    ticker.ticked.wait()
    assert len(ticker.times) == 1
    assert ticker.times[0] >= deadline
    timer.Cancel()


def test_a_disabled_timer_tells_when_it_is_enabled_again(process: FakeProcess) -> None:
    ticker = Ticker()
    timer = a_timer(ticker)
    timer.SetEnable(False)
    fired = Note()
    timer.WakeAtTime(CLOCK, mach_absolute_time())
    process.sources().set_alarm("later", 1, mach_absolute_time() + MS, 0, lambda _now: fired())
    fired.wait()
    settle(process)
    assert ticker.times == []
    enabled = Note()
    timer.SetEnableWithCompletion(True, enabled)
    enabled.wait()
    assert len(ticker.times) == 1


def test_a_cancelled_timer_is_over(process: FakeProcess) -> None:
    ticker = Ticker()
    timer = a_timer(ticker)
    timer.WakeAtTime(CLOCK, mach_absolute_time() + 10_000 * MS)
    done = Note()
    timer.Cancel(done)
    done.wait()
    with pytest.raises(IOReturnError) as caught:
        timer.WakeAtTime(CLOCK, 0)
    assert caught.value.code == kIOReturnAborted
    assert ticker.times == []


@pytest.mark.parametrize(("clock", "leeway"), [(0, 0), (1, 0), (CLOCK, -1)])
def test_a_timer_refuses_what_is_no_time(process: FakeProcess, clock: int, leeway: int) -> None:
    with pytest.raises(IOReturnError) as caught:
        a_timer(Ticker()).WakeAtTime(clock, 0, leeway)
    assert caught.value.code == kIOReturnBadArgument


def test_a_callback_runs_on_the_queue_of_its_name(process: FakeProcess) -> None:
    ticker = Ticker()
    assert ticker.CopyDispatchQueue("Slow") is process.default_queue()
    slow = IODispatchQueue.Create("slow one")
    ticker.SetDispatchQueue("Slow", slow)
    action = ticker.CreateAction(ticker.SlowTick)
    assert action.queue is slow
    action.queue.DispatchSync(lambda: action.complete(1))
    assert ticker.on == ["slow one"]


def test_a_cancelled_action_calls_nobody(process: FakeProcess) -> None:
    ticker = Ticker()
    action = ticker.CreateAction(ticker.Tick, "mine")
    done = Note()
    action.SetAbortedHandler(lambda: ticker.on.append("aborted"))
    action.Cancel(done)
    done.wait()
    action.complete(1)
    action.Aborted()
    settle(process)
    assert (ticker.times, ticker.on) == ([], [])


def test_an_aborted_action_tells_its_service(process: FakeProcess) -> None:
    ticker = Ticker()
    action = ticker.CreateAction(ticker.Tick)
    aborted = Note()
    action.SetAbortedHandler(aborted)
    action.Aborted()
    aborted.wait()


def test_an_action_can_be_waited_for_on_another_queue(process: FakeProcess) -> None:
    ticker = Ticker()
    action = ticker.CreateAction(ticker.Tick, "mine")
    token = action.WillWait()
    process.default_queue().DispatchAsync(lambda: action.complete(7))
    action.Wait(token)
    assert ticker.times == [7]
    late = action.WillWait()
    with pytest.raises(IOReturnError) as timeout:
        action.Wait(late, mach_absolute_time() + MS)
    with pytest.raises(IOReturnError) as itself:
        action.queue.DispatchSync(lambda: action.Wait(action.WillWait()))
    codes = [timeout.value.code, itself.value.code]
    assert codes == [kIOReturnTimeout, kIOReturnNotPermitted]


def test_a_line_names_the_queues_of_the_calling_code(process: FakeProcess) -> None:
    other = IODispatchQueue.Create("other")

    def inner() -> None:
        IODispatchQueue.Log("inside", process.log)

    process.default_queue().DispatchSync(lambda: other.DispatchSync(inner))
    IODispatchQueue.Log("outside", process.log)
    assert process.lines == ["inside: on Default, other", "outside: on no queue"]
