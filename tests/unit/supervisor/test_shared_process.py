"""Any order of what can happen to two drivers that share a process keeps the rules of both.

The processes are real children that do nothing; this test speaks for them on their sockets.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.linux import memfd
from runtime.model.driver_lifecycle import LIVE, DriverState
from runtime.model.events import Crashed
from runtime.model.intent import Intent
from runtime.model.outcome import Decision, ExitHow, Stage
from runtime.supervisor import understudies
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.policy import RestartPolicy
from runtime.supervisor.ports import DriverSpec, SessionEnd
from runtime.supervisor.servers import Servers
from runtime.supervisor.understudies import Understudies
from runtime.wire import codec
from runtime.wire import driver as wire
from tests.unit.supervisor.puppets import (
    Puppet,
    PuppetLauncher,
    Recorder,
    Session,
    driver_spec,
    record_of,
    settled,
)

SECONDS = 20.0
POLICY = RestartPolicy(limit=3, base_ms=0, cap_ms=0)
which = st.sampled_from((0, 1))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Understudies are made as soon as they are wanted."""
    monkeypatch.setattr(understudies, "AFTER_SECONDS", 0.0)


class Pair(RuleBasedStateMachine):
    """Two drivers of one bundle on two devices."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.archive = memfd.sealed("bundle", b"bundle")
        self.around = Recorder()
        self.sessions: tuple[list[Session], list[Session]] = ([], [])
        self.drivers = self.run(self._make())
        self.settle()

    async def _make(self) -> tuple[SupervisedDriver, SupervisedDriver]:
        self.launcher = PuppetLauncher()
        self.understudies = Understudies(self.launcher)
        self.servers = Servers(self.understudies, self.around)
        first, second = self._driver(0), self._driver(1)
        first.launch()
        second.launch()
        return first, second

    def _driver(self, number: int) -> SupervisedDriver:
        spec = self.spec(number)
        return SupervisedDriver(
            record_of(spec, number + 1), spec, self.servers, POLICY, self.around
        )

    def spec(self, number: int) -> DriverSpec:
        def open_session(end: SessionEnd) -> Session:
            self.sessions[number].append(Session(end))
            return self.sessions[number][-1]

        allowed = Decision(allowed=True)
        return driver_spec(number, self.archive, open_session, lambda: allowed, shared=True)

    # --- the loop --------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def settle(self, until: Callable[[], bool] = lambda: True) -> None:
        """Turn the loop until a condition holds, and what was killed is reaped."""
        self.run(settled(lambda: until() and not self._moving(), SECONDS))
        for puppet in self.launcher.puppets:
            if not puppet.ended:
                puppet.hear()

    def _moving(self) -> bool:
        if self.understudies._wanted or self.launcher._discarded or self.servers._making:
            return True
        processes = [server._process for server in self.servers._running.values()]
        killed = {process.pid for process in processes if process._ending.killed is not None}
        known = {process.pid for process in processes}
        dead = {puppet.pid for puppet in self.launcher.puppets if puppet.ended}
        return bool(killed or dead & known)

    def call(self, action: Callable[[], object]) -> None:
        async def inside() -> None:
            action()

        self.run(inside())
        self.settle()

    def puppet(self, number: int) -> Puppet | None:
        pid = self.drivers[number].record.pid
        return next((one for one in self.launcher.puppets if pid and one.pid == pid), None)

    def waits(self, number: int, method: str) -> bool:
        """Whether a call to a driver's service has not been answered."""
        puppet, service = self.puppet(number), self.drivers[number].record.service
        return puppet is not None and (service, method) in puppet.asked

    def answer(self, number: int, method: str, answer: Callable[[int], object]) -> None:
        puppet, service = self.puppet(number), self.drivers[number].record.service
        assert puppet is not None
        call = puppet.asked.pop((service, method))
        puppet.say(answer(call))
        server = self.drivers[number]._server
        assert server is not None
        self.settle(lambda: call not in server.calls._asked)

    def stop(self, number: int, intent: Intent) -> None:
        self.call(lambda: self.drivers[number].stop(intent))

    # --- what can happen -------------------------------------------------------------------

    @rule(number=which)
    def its_process_comes_on(self, number: int) -> None:
        puppet = self.puppet(number)
        if puppet is None or puppet.ended or puppet.stage is Stage.LOADED:
            return
        puppet.come_on()
        server = self.drivers[number]._server
        assert server is not None
        self.settle(lambda: server._staged[-1:] != [] and server._staged[-1].stage is puppet.stage)

    @rule(number=which)
    def it_starts(self, number: int) -> None:
        if not self.waits(number, "Start"):
            return
        puppet, service = self.puppet(number), self.drivers[number].record.service
        assert puppet is not None
        puppet.say(wire.Attached(service, ("Driver",)))
        self.answer(number, "Start", lambda call: wire.Reply(call, codec.raw(None)))
        state = self.drivers[number].record.state
        assert state in (DriverState.RUNNING, DriverState.STOPPING, DriverState.NOT_RESPONDING)

    @rule(number=which)
    def its_start_fails(self, number: int) -> None:
        """It is no crash; the other one runs on in the process."""
        if not self.waits(number, "Start"):
            return
        other = self.drivers[1 - number].record
        self.answer(number, "Start", lambda call: wire.Fail(call, 1, "not mine"))
        assert self.drivers[1 - number].record.state is other.state

    @rule(number=which, intent=st.sampled_from((Intent.RESTART, Intent.STOP)))
    def it_is_stopped(self, number: int, intent: Intent) -> None:
        """The other one is left alone, unless nobody can end this one without it."""
        other = self.drivers[1 - number].record
        self.stop(number, intent)
        now = self.drivers[1 - number].record
        assert (now.state, now.pid, now.crashes) == (other.state, other.pid, other.crashes)

    @rule(number=which)
    def its_stop_returns(self, number: int) -> None:
        if self.waits(number, "Stop"):
            self.answer(number, "Stop", lambda call: wire.Reply(call, codec.raw(None)))

    @rule(number=which)
    def its_process_leaves(self, number: int) -> None:
        """Nobody new was let into it, for whom that would be a crash."""
        puppet, told = self.puppet(number), len(self.around.told)
        server = self.drivers[number]._server
        if puppet is not None and server is not None and puppet.told_to_leave:
            self.call(lambda: server.kill(ExitHow.STOPPED, ""))  # as when it is not in time
            assert not any(isinstance(detail, Crashed) for detail in self.around.told[told:])

    @rule(number=which)
    def its_process_is_killed(self, number: int) -> None:
        puppet = self.puppet(number)
        if puppet is not None:
            puppet.end()
            self.settle()

    @rule(number=which)
    def its_broker_accuses_it(self, number: int) -> None:
        """Everybody in the process goes."""
        if self.puppet(number) is not None and not self.sessions[number][-1].closed:
            self.call(lambda: self.sessions[number][-1].end.breached("driver: rubbish"))

    @rule(number=which)
    def it_says_something_of_a_stranger(self, number: int) -> None:
        puppet = self.puppet(number)
        if puppet is not None and not puppet.ended and puppet.stage is Stage.LOADED:
            puppet.say(wire.Attached(0xBAD, ()))
            self.settle(lambda: self.drivers[number].record.pid != puppet.pid)

    @rule(number=which)
    def it_is_late_and_answers(self, number: int) -> None:
        """A stuck queue of one is the process that does not respond."""
        driver = self.drivers[number]
        server = driver._server
        if server is None or driver.record.state is DriverState.STOPPING:
            return
        queue = wire.QueuePulse("Default of 0x1", "Start", 6_000_000, quiet_us=6_000_000)
        self.call(lambda: server.pulsed(wire.Pulse((queue,))))
        for each in self.drivers:
            if each._server is server and each.record.state is not DriverState.STOPPING:
                assert each.record.state is DriverState.NOT_RESPONDING
        self.call(lambda: server.tick(time.monotonic_ns()))
        self.call(lambda: server.pulsed(wire.Pulse(())))
        assert all(each.record.state is not DriverState.NOT_RESPONDING for each in self.drivers)

    @rule(number=which)
    def it_comes_back(self, number: int) -> None:
        driver = self.drivers[number]
        if driver.record.state is DriverState.STOPPED:
            self.call(lambda: driver.relaunch(self.spec(number)))
        elif driver.record.state is DriverState.QUARANTINED:
            self.call(driver.release)

    @precondition(lambda self: all(one.record.state not in LIVE for one in self.drivers))
    @rule()
    def none_can_be_made(self) -> None:
        """Both ask for one at a time, and each hears that there is none."""
        stopped = [n for n in (0, 1) if self.drivers[n].record.state is DriverState.STOPPED]
        self.launcher.failing = True
        self.call(lambda: [self.drivers[n].relaunch(self.spec(n)) for n in stopped])
        self.launcher.failing = False
        assert all(self.drivers[n].record.state is DriverState.QUARANTINED for n in stopped)

    # --- what always holds -----------------------------------------------------------------

    @invariant()
    def each_has_a_process_exactly_in_a_live_state(self) -> None:
        for driver in self.drivers:
            assert bool(driver.record.pid) is (driver.record.state in LIVE)

    @invariant()
    def they_share_it_unless_one_is_being_left(self) -> None:
        first, second = (driver._server for driver in self.drivers)
        if first is not second and first is not None and second is not None:
            assert first.ending or second.ending

    @invariant()
    def nobody_is_told_to_leave_whom_both_have(self) -> None:
        for puppet in self.launcher.puppets:
            having = [driver for driver in self.drivers if driver.record.pid == puppet.pid]
            assert not puppet.told_to_leave or len(having) < 2

    @invariant()
    def each_says_who_is_beside_it(self) -> None:
        for number in (0, 1):
            puppet = self.puppet(number)
            server = self.drivers[number]._server
            if puppet is not None and puppet.stage is not Stage.FORKED:
                others = server is not None and server is self.drivers[1 - number]._server
                assert len(self.drivers[number].record.beside) == others

    @invariant()
    def every_session_but_the_present_ones_is_closed(self) -> None:
        for driver, sessions in zip(self.drivers, self.sessions, strict=True):
            past = sessions[:-1] if driver.record.state in LIVE else sessions
            assert all(session.closed for session in past)

    @invariant()
    def every_crash_is_counted_and_told(self) -> None:
        told = sum(isinstance(detail, Crashed) for detail in self.around.told)
        assert sum(driver.record.crashes for driver in self.drivers) == told
        assert self.around.reports <= told <= 2 * self.around.reports

    @invariant()
    def all_others_are_reaped(self) -> None:
        ready = {standby.process.pid for standby in self.understudies._ready.values()}
        present = {driver.record.pid for driver in self.drivers} | ready
        for puppet in self.launcher.puppets:
            if puppet.pid not in present:
                with pytest.raises(ChildProcessError):
                    os.waitid(os.P_PID, puppet.pid, os.WEXITED | os.WNOHANG)

    def teardown(self) -> None:
        for number in (0, 1):
            self.stop(number, Intent.STOP)
        for puppet in self.launcher.puppets:
            puppet.end()
        self.settle(self._nothing_runs)
        for puppet in self.launcher.puppets:
            puppet.close()
        os.close(self.archive)
        self.loop.close()

    def _nothing_runs(self) -> bool:
        ended = all(one.record.state not in LIVE for one in self.drivers)
        return ended and not self.understudies._ready


Pair.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestPair = Pair.TestCase


def test_one_that_does_wrong_while_it_stops_has_not_crashed_and_takes_the_other_along() -> None:
    pair = Pair()
    try:
        pair.its_process_comes_on(0)
        pair.its_process_comes_on(0)
        for number in (0, 1):
            pair.it_starts(number)
        pair.it_is_stopped(0, Intent.RESTART)
        pair.its_broker_accuses_it(0)
        pair.every_crash_is_counted_and_told()
        assert not pair.around.reports
        assert [driver.record.starts for driver in pair.drivers] == [2, 2]
    finally:
        pair.teardown()


def test_one_that_comes_while_the_last_one_leaves_gets_another_process() -> None:
    pair = Pair()
    try:
        pair.its_process_comes_on(0)
        pair.its_process_comes_on(0)
        for number in (0, 1):
            pair.it_starts(number)
        for number in (0, 1):
            pair.it_is_stopped(number, Intent.STOP)
            pair.its_stop_returns(number)
        leaving = pair.puppet(1)
        assert leaving is not None
        assert leaving.told_to_leave
        pair.it_comes_back(0)
        assert pair.drivers[0].record.pid not in (0, leaving.pid)
        pair.its_process_leaves(1)
        assert pair.drivers[0].record.state is DriverState.STARTING
        assert [driver.record.crashes for driver in pair.drivers] == [0, 0]
    finally:
        pair.teardown()


def test_the_understudy_is_everybodys_whose_process_ends() -> None:
    """The founder's death is not needed: whoever is blamed comes back first, and takes it."""
    pair = Pair()
    try:
        for _ in range(2):
            pair.its_process_comes_on(0)
        for number in (0, 1):
            pair.it_starts(number)
        (understudy,) = pair.understudies._ready.values()
        puppet = pair.puppet(1)
        assert puppet is not None
        puppet.say(wire.Goodbye("boom", (), pair.drivers[1].record.service))
        pair.its_process_is_killed(0)
        pids = {driver.record.pid for driver in pair.drivers}
        assert pids == {understudy.process.pid}
        assert [driver.record.crashes for driver in pair.drivers] == [0, 1]
        for _ in range(2):
            pair.its_process_comes_on(1)
        pair.it_starts(1)
        assert len(pair.understudies._ready) == 1
        pair.it_is_stopped(1, Intent.STOP)  # who founded it now
        pair.its_stop_returns(1)
        assert len(pair.understudies._ready) == 1, "the other one is still in that process"
    finally:
        pair.teardown()
