"""Any order of what can happen to a driver keeps the rules of its life.

The processes are real children that do nothing; this test speaks for them on their sockets.
"""

import asyncio
import functools
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
from runtime.model.events import Crashed, Quarantined
from runtime.model.intent import Intent
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Decision, ExitHow, Stage
from runtime.supervisor import understudies, user_service
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.policy import RestartPolicy
from runtime.supervisor.ports import DriverSpec, SessionEnd
from runtime.supervisor.process import PACKETS_A_TURN
from runtime.supervisor.servers import Servers
from runtime.supervisor.standby import Standby
from runtime.supervisor.understudies import Understudies
from runtime.wire import codec, methods
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
ALLOWED = Decision(allowed=True)
DENIED = Decision(allowed=False, entitlement="transport", wanted="true", found="nothing")
POLICY = RestartPolicy(limit=2, base_ms=0, cap_ms=0)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Understudies are made as soon as they are wanted."""
    monkeypatch.setattr(understudies, "AFTER_SECONDS", 0.0)


class Life(RuleBasedStateMachine):
    """One driver, and everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.archive = memfd.sealed("bundle", b"bundle")
        self.sessions: list[Session] = []
        self.around = Recorder()
        self.stopped_for_good = False
        self.decision = ALLOWED
        self.driver = self.run(self._make())
        self.settle()

    async def _make(self) -> SupervisedDriver:
        self.launcher = PuppetLauncher()
        self.understudies = Understudies(self.launcher)
        servers = Servers(self.understudies, self.around)
        spec = self.spec()
        driver = SupervisedDriver(record_of(spec, 1), spec, servers, POLICY, self.around)
        driver.launch()
        return driver

    def spec(self) -> DriverSpec:
        return driver_spec(0, self.archive, self.open_session, lambda: self.decision)

    def open_session(self, end: SessionEnd) -> Session:
        self.sessions.append(Session(end))
        return self.sessions[-1]

    # --- the loop --------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def settle(self, until: Callable[[], bool] = lambda: True) -> None:
        """Turn the loop until a condition holds and nothing more happens by itself."""
        self.run(settled(lambda: until() and not self._moving(), SECONDS))

    def _moving(self) -> bool:
        """Whether a process is being made, or has been killed and is not known to be gone."""
        record, server = self.driver.record, self.driver._server
        if self.understudies._wanted or self.launcher._discarded:
            return True
        if server is None:
            return record.state in LIVE
        return server._process._ending.killed is not None or self.puppet().ended

    def call(self, action: Callable[[], object]) -> None:
        async def inside() -> None:
            action()

        self.run(inside())
        self.settle()

    @property
    def state(self) -> DriverState:
        state: DriverState = self.driver.record.state
        return state

    def puppet(self) -> Puppet:
        pid = self.driver.record.pid
        return next(puppet for puppet in self.launcher.puppets if puppet.pid == pid)

    def understudy(self) -> Puppet | None:
        for standby in self.understudies._ready.values():
            return next(p for p in self.launcher.puppets if p.pid == standby.process.pid)
        return None

    # --- what can happen -------------------------------------------------------------------

    @precondition(lambda self: self.driver.record.pid and self.state is not DriverState.STOPPING)
    @rule()
    def comes_on(self) -> None:
        """The process reaches its next launch stage."""
        puppet = self.puppet()
        if puppet.stage is Stage.STARTED:
            return
        if puppet.stage is not Stage.LOADED:
            puppet.come_on()
        else:
            puppet.stage = Stage.STARTED
            puppet.say(wire.Attached(self.driver.record.service, ("Driver", "IOService")))
            puppet.say(wire.Reply(1, codec.raw(None)))
        shown = Stage.ENTITLED if puppet.stage is Stage.LOADED else puppet.stage
        self.settle(lambda: self.driver.record.launch[-1].stage is shown)
        assert (self.state is DriverState.RUNNING) is (puppet.stage is Stage.STARTED)

    @precondition(
        lambda self: (
            self.state is DriverState.STARTING
            and self.driver.record.pid
            and self.puppet().stage in (Stage.FORKED, Stage.LOCKED_DOWN)
        )
    )
    @rule()
    def is_not_entitled_any_more(self) -> None:
        """It is told to leave before it learns of its provider; no crash, and the reason stays."""
        self.decision, crashes = DENIED, self.driver.record.crashes
        puppet = self.puppet()
        while puppet.stage is not Stage.LOADED:
            puppet.come_on()
        self.settle(lambda: self.driver.record.launch[-1].stage is Stage.LOADED)
        server = self.driver._server
        assert server is not None
        self.call(lambda: server.kill(ExitHow.STOPPED, ""))  # as when it does not leave in time
        self.decision = ALLOWED
        self._expect(DriverState.STOPPED)
        self.stopped_for_good = True
        record = self.driver.record
        assert record.crashes == crashes
        assert record.note == ("not started: entitlement transport has to be true, it is nothing")
        assert record.launch[-1].stage is Stage.LOADED

    @precondition(lambda self: self.driver.record.pid and self.puppet().stage is Stage.STARTED)
    @rule()
    def registers(self) -> None:
        """The first time is a stage of its launch."""
        puppet = self.puppet()
        if self.state is DriverState.STOPPING:
            return
        puppet.say(wire.Call(7, self.driver.record.service, methods.RegisterService()))
        self.settle(lambda: self.driver._account.reached(Stage.REGISTERED))
        stages = [step.stage for step in self.driver.record.launch]
        assert stages == list(Stage)

    @precondition(lambda self: self.understudy() is not None)
    @rule()
    def its_understudy_comes_on(self) -> None:
        """The next process of the driver reaches a launch stage in advance."""
        puppet = self.understudy()
        assert puppet is not None
        if puppet.stage is not Stage.LOADED:
            told = len(self._standby().staged)
            puppet.come_on()
            self.settle(lambda: len(self._standby().staged) > told)

    @precondition(lambda self: self.understudy() is not None)
    @rule(rubbish=st.booleans())
    def its_understudy_dies(self, rubbish: bool) -> None:
        """It breaks the protocol, or just ends: nobody else notices."""
        puppet, record = self.understudy(), self.driver.record
        assert puppet is not None
        if rubbish:
            puppet.greet()
            puppet.say(wire.Call(1, 0, methods.RegisterService()))
        else:
            puppet.end()
        self.settle(lambda: self.understudy() is None)
        assert self.driver.record == record

    def _standby(self) -> Standby:
        return next(iter(self.understudies._ready.values()))

    @precondition(lambda self: self.driver.record.pid and self.state is not DriverState.STOPPING)
    @rule()
    def comes_up(self) -> None:
        """The process starts without a fault."""
        while self.puppet().stage is not Stage.STARTED:
            self.comes_on()

    @precondition(lambda self: self.state in (DriverState.RUNNING, DriverState.NOT_RESPONDING))
    @rule(first=st.sampled_from(Intent), second=st.sampled_from(Intent))
    def is_stopped_for_two_reasons(self, first: Intent, second: Intent) -> None:
        """The higher intent holds, in either order."""
        for intent in (first, second):
            self.call(lambda: self.driver.stop(intent))  # noqa: B023 - called within the turn
        self._ends(self.puppet().end)
        ends = {
            Intent.RESTART: DriverState.STARTING,
            Intent.QUARANTINE: DriverState.QUARANTINED,
        }
        self._expect(ends.get(max(first, second), DriverState.STOPPED))

    @precondition(lambda self: self.driver.record.pid)
    @rule()
    def is_killed(self) -> None:
        self._ends(self.puppet().end)

    @precondition(lambda self: self.driver.record.pid)
    @rule()
    def talks_rubbish(self) -> None:
        if self.state is not DriverState.STOPPING:
            self._ends(lambda: self.puppet().say(b"\xc1"))

    @precondition(lambda self: self.state is DriverState.STOPPING and self.driver.record.pid)
    @rule()
    def says_goodbye(self) -> None:
        puppet = self.puppet()

        def leave() -> None:
            if puppet.greeted:
                puppet.say(wire.Goodbye())
            puppet.end()

        self._ends(leave)

    @rule()
    def is_stopped(self) -> None:
        """One in quarantine stays there."""
        self.stopped_for_good = True
        state = self.state
        self.call(lambda: self.driver.stop(Intent.STOP))
        if state is DriverState.QUARANTINED:
            self._expect(state)

    @rule()
    def is_withdrawn(self) -> None:
        """Its extension may not run any more: that ends a quarantine."""
        self.stopped_for_good = True
        self.call(lambda: self.driver.stop(Intent.WITHDRAW))
        assert self.state in (DriverState.STOPPING, DriverState.STOPPED)

    @precondition(lambda self: self.state not in LIVE)
    @rule()
    def is_quarantined(self) -> None:
        """Where it has no process it is at once; else see `is_stopped_for_two_reasons`."""
        self.stopped_for_good = True
        self.call(lambda: self.driver.stop(Intent.QUARANTINE, note="by ada"))
        self._expect(DriverState.QUARANTINED)

    @precondition(lambda self: self.state in LIVE)
    @rule()
    def is_restarted(self) -> None:
        self.call(lambda: self.driver.stop(Intent.RESTART))

    @precondition(lambda self: self.sessions and not self.sessions[-1].closed)
    @rule()
    def loses_its_provider(self) -> None:
        """It is no crash: the driver comes again, unless it is to stop."""
        stopping = self.state is DriverState.STOPPING
        crashes = self.driver.record.crashes
        self.call(lambda: self.sessions[-1].end.provider_lost("broker: crashed"))
        assert self.state in (DriverState.STOPPING, DriverState.STARTING)
        assert self.driver.record.crashes == crashes
        if not stopping and self.state is DriverState.STOPPING:
            self._ends(self.puppet().end)
            self._expect(DriverState.STARTING)

    @precondition(lambda self: self.sessions and not self.sessions[-1].closed)
    @rule()
    def talks_rubbish_to_its_provider(self) -> None:
        if self.state is not DriverState.STOPPING:
            self._ends(lambda: self.sessions[-1].end.breached("driver: rubbish"))

    @precondition(lambda self: self.state is DriverState.QUARANTINED)
    @rule()
    def is_released(self) -> None:
        self.stopped_for_good = True
        self.call(self.driver.release)
        self._expect(DriverState.STOPPED)

    @precondition(lambda self: self.state is DriverState.STOPPED)
    @rule()
    def its_device_comes_back(self) -> None:
        self.stopped_for_good = False
        self.call(lambda: self.driver.relaunch(self.spec()))

    @precondition(lambda self: self.state is DriverState.STOPPED)
    @rule()
    def cannot_be_launched(self) -> None:
        self.stopped_for_good = False
        self.launcher.failing = True
        self.call(lambda: self.driver.relaunch(self.spec()))
        self.launcher.failing = False
        assert self.state is DriverState.QUARANTINED

    @precondition(lambda self: self.driver.record.pid)
    @rule()
    def is_late_and_answers(self) -> None:
        late = wire.Pulse((wire.QueuePulse("Default", "Start", 10_000_000, quiet_us=10_000_000),))
        before, server = self.state, self.driver._server
        assert server is not None
        self.call(lambda: server.pulsed(late))
        if before in (DriverState.STARTING, DriverState.RUNNING):
            self._expect(DriverState.NOT_RESPONDING)
            self.call(lambda: server.tick(time.monotonic_ns()))
            self._expect(DriverState.NOT_RESPONDING)  # its watcher is heard, its queue is stuck
            self.call(lambda: server.pulsed(wire.Pulse(())))
            self._expect(before)

    def _expect(self, state: DriverState) -> None:
        assert self.state is state

    def _ends(self, act: Callable[[], object]) -> None:
        """Do what ends the process, and wait until the driver knows."""
        pid = self.driver.record.pid
        act()
        self.settle(lambda: self.driver.record.pid != pid)

    # --- what always holds -----------------------------------------------------------------

    @invariant()
    def a_process_is_there_exactly_in_a_live_state(self) -> None:
        assert bool(self.driver.record.pid) is (self.state in LIVE)

    @invariant()
    def what_was_stopped_stays_so(self) -> None:
        if self.stopped_for_good:
            resting = (DriverState.STOPPING, DriverState.STOPPED, DriverState.QUARANTINED)
            assert self.state in resting

    @invariant()
    def an_entry_is_there_exactly_while_a_process_is(self) -> None:
        assert self.around.attached - self.around.detached == (self.state in LIVE)

    @invariant()
    def every_session_but_the_present_is_closed(self) -> None:
        past = self.sessions[:-1] if self.state in LIVE else self.sessions
        assert all(session.closed for session in past)

    @invariant()
    def none_stands_by_for_a_driver_without_a_process(self) -> None:
        if self.state not in LIVE:
            assert self.understudy() is None

    @invariant()
    def every_crash_is_counted_told_and_reported(self) -> None:
        told = sum(isinstance(detail, Crashed) for detail in self.around.told)
        assert self.driver.record.crashes == told == self.around.reports

    @invariant()
    def quarantine_is_told_and_ends_its_claim(self) -> None:
        if self.state is DriverState.QUARANTINED:
            assert isinstance(self.around.told[-1], Quarantined)
            assert self.around.ended_in[-1] is DriverState.QUARANTINED

    @invariant()
    def all_but_the_present_process_are_reaped(self) -> None:
        for puppet in self.launcher.puppets:
            if puppet.pid != self.driver.record.pid and puppet is not self.understudy():
                with pytest.raises(ChildProcessError):
                    os.waitid(os.P_PID, puppet.pid, os.WEXITED | os.WNOHANG)

    def teardown(self) -> None:
        if self.driver.record.pid:
            self.stopped_for_good = True
            self.call(lambda: self.driver.stop(Intent.STOP))
            if self.driver.record.pid:
                self._ends(self.puppet().end)
        for puppet in self.launcher.puppets:
            puppet.close()
        os.close(self.archive)
        self.loop.close()


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


def test_rubbish_among_the_last_words_is_a_breach_and_loses_nothing() -> None:
    """So much is said before it that the rubbish is read when the process is reaped."""
    life = Life()
    try:
        life.comes_up()
        puppet = life.puppet()

        def last_words() -> None:
            for number in range(PACKETS_A_TURN):
                puppet.say(wire.Call(number, life.driver.record.service, methods.RegisterService()))
            puppet.say(b"\xc1")
            puppet.end()
            os.waitid(os.P_PID, puppet.pid, os.WEXITED | os.WNOWAIT)

        life._ends(last_words)
        (crash,) = [detail for detail in life.around.told if isinstance(detail, Crashed)]
        assert crash.exit.how is ExitHow.BREACH
    finally:
        life.teardown()


@pytest.mark.parametrize("loaded", [True, False])
def test_code_is_kept_for_the_next_process_and_taken_once_before_it_is_executed(
    loaded: bool,
) -> None:
    life = Life()
    try:
        puppet = life.puppet()
        life.call(puppet.come_on)
        if loaded:
            life.call(puppet.come_on)
        else:
            life.call(lambda: puppet.say(wire.Compiled(b"code")))
        life._ends(lambda: puppet.say(wire.Compiled(b"the driver's own")))
        (crash,) = [detail for detail in life.around.told if isinstance(detail, Crashed)]
        assert crash.exit.how is ExitHow.BREACH
        kept = b"" if loaded else b"code"
        assert life.driver.spec.bytecode.data == kept
        life.puppet().hear()
        assert life.puppet().code == kept
    finally:
        life.teardown()


@pytest.mark.parametrize("gone", [True, False])
def test_a_start_that_did_not_reach_its_provider_waits_for_what_became_of_that(
    monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    """The process may know before the runtime that its broker has ended."""
    monkeypatch.setattr(user_service, "OFFLINE_SECONDS", 60.0 if gone else 0.0)
    life = Life()
    try:
        puppet, service = life.puppet(), life.driver.service
        assert service is not None
        while puppet.stage is not Stage.LOADED:
            life.comes_on()
        puppet.say(wire.Fail(1, IOReturn.OFFLINE))
        life.settle(lambda: service._refusing is not None)
        if gone:
            life._expect(DriverState.STARTING)
            life.loses_its_provider()
            assert life.driver.record.starts == 2
        else:
            life.settle(lambda: bool(life.driver._start_error))
            server = life.driver._server
            assert server is not None
            life.call(lambda: server.kill(ExitHow.STOPPED, ""))  # as when it does not leave in time
            life._expect(DriverState.STOPPED)
            assert life.driver.record.note.startswith("Start failed")
    finally:
        life.teardown()


@pytest.mark.parametrize("registers", [True, False])
def test_one_that_does_not_register_in_time_is_told(
    monkeypatch: pytest.MonkeyPatch, registers: bool
) -> None:
    """In its log alone: it may never want to."""
    monkeypatch.setattr(user_service, "REGISTER_SECONDS", 0.2)
    life = Life()
    try:
        life.comes_up()
        if registers:
            life.registers()
        life.run(asyncio.sleep(0.3))
        told = [line for line in life.around.lines if "RegisterService was not called" in line]
        assert len(told) == (not registers)
        assert life.state is DriverState.RUNNING
    finally:
        life.teardown()


def test_one_that_somebody_stopped_says_so_until_it_is_launched_again() -> None:
    life = Life()
    try:
        life.comes_up()
        puppet = life.puppet()
        life.call(lambda: life.driver.stop(Intent.STOP, note="by ada"))
        life._ends(puppet.end)
        assert (life.state, life.driver.record.note) == (DriverState.STOPPED, "by ada")
        life.call(lambda: life.driver.relaunch(life.spec()))
        assert life.driver.record.note == ""
    finally:
        life.teardown()


@pytest.mark.parametrize(("reasons", "again"), [(["by ada"], True), (["by ada", ""], False)])
def test_a_restart_takes_back_what_somebody_asked_for_and_nothing_else(
    reasons: list[str], again: bool
) -> None:
    life = Life()
    try:
        life.comes_up()
        puppet = life.puppet()
        for note in reasons:
            life.call(functools.partial(life.driver.stop, Intent.STOP, note=note))
        life.call(life.driver.restart)
        life._ends(puppet.end)
        assert life.state is (DriverState.STARTING if again else DriverState.STOPPED)
    finally:
        life.teardown()
