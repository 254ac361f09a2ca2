"""One driver: a personality on a provider, across all its processes.

The state is `runtime.model.driver_lifecycle`'s, the restart policy `policy`'s, the judgement
of hangs `hang`'s; this file connects them to a real process. Runs in the event loop; nothing
here blocks.
Invariant: at most one process at a time.
"""

import asyncio
import os
import time

import msgspec

from runtime.model import events
from runtime.model.crash_report import Remains
from runtime.model.driver_lifecycle import LIVE, DriverEvent, DriverState, Intent
from runtime.model.errors import BreachError, SpawnError
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.records import Driver
from runtime.supervisor import confinement, hang
from runtime.supervisor import policy as restart
from runtime.supervisor.account import Account
from runtime.supervisor.calls import Calls
from runtime.supervisor.launcher import Launched, Launcher
from runtime.supervisor.ports import DriverSpec, ProviderSession, Surroundings
from runtime.supervisor.process import DriverProcess
from runtime.supervisor.samples import Samples
from runtime.wire import driver as wire
from runtime.wire import methods

LAUNCH_SECONDS = 15.0  # until the class is loaded; a cold, loaded machine takes 1 s
START_SECONDS = 30.0  # for init and Start
STOP_SECONDS = 5.0  # grace for Stop and free, then SIGKILL


class SupervisedDriver:
    """A driver and whatever process runs it now."""

    def __init__(
        self,
        record: Driver,
        spec: DriverSpec,
        launcher: Launcher,
        policy: restart.RestartPolicy,
        surroundings: Surroundings,
    ) -> None:
        self.spec = spec
        self._account = Account(record, surroundings)
        self._launcher = launcher
        self._policy = policy
        self._around = surroundings
        self._intent = Intent.NONE
        self._crashes_ns: tuple[int, ...] = ()
        self._process: DriverProcess | None = None
        self._session: ProviderSession | None = None
        self._calls: Calls | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._creating: asyncio.Task[None] | None = None
        self._heard_ns = 0
        self._start_error = ""
        self._samples = Samples()
        self._bundle = -1  # a descriptor of our own, until it is sent
        self._over = asyncio.Event()

    @property
    def record(self) -> Driver:
        """The record as it stands."""
        return self._account.record

    # --- what the supervisor asks --------------------------------------------------------------

    def launch(self) -> None:
        """Start a process; the driver is stopped or restarting."""
        self._account.advance(DriverEvent.LAUNCHED)
        self._account.begin_launch()
        self._start_error = ""
        self._samples.forget()
        self._over.clear()
        self._account.change(service=self._around.attach(self.record, self.spec))
        try:
            self._bundle = os.dup(self.spec.bundle)  # an upgrade may close it before it is sent
        except OSError as error:
            said = f"descriptors for a driver: expected enough, found: {error.strerror}"
            exit_ = Exit(ExitHow.LAUNCH, 0, said)
            # Outside of whoever asked for it: what comes next may ask again.
            asyncio.get_running_loop().call_soon(self._gone, exit_, Remains())
            return
        standby = self._launcher.take(dumpable=self.spec.dumpable)
        if standby is not None:
            self._begin(standby)
        else:
            self._creating = asyncio.get_running_loop().create_task(self._create())

    def relaunch(self, spec: DriverSpec) -> None:
        """Start a stopped driver again, on a provider that came back to the same place."""
        self.spec = spec
        self._intent = Intent.NONE
        self._account.change(provider=spec.provider, content_hash=spec.content_hash)
        self.launch()

    def stop(self, intent: Intent, *, unplugged: bool = False) -> None:
        """Stop in order: Stop, grace, SIGKILL, reaped. Idempotent.

        A higher intent replaces a lower one. `unplugged` says that the provider is gone:
        what is outstanding on it is aborted first.
        """
        self._intent = max(self._intent, intent)
        state = self.record.state
        if state in (DriverState.RESTARTING, DriverState.QUARANTINED):
            self._set_timer(None)
            self._account.advance(DriverEvent.STOP_ASKED)
            self._end()
        elif state in LIVE and state is not DriverState.STOPPING:
            started = state is not DriverState.STARTING
            self._account.advance(DriverEvent.STOP_ASKED)
            if unplugged and self._session is not None:
                self._session.close()
            self._ask_to_stop(started=started)

    def crash(self) -> None:
        """Have the process dereference null."""
        if self._process is not None:
            self._process.send(wire.CrashYourself())

    async def sample(self) -> tuple[wire.ThreadSample, ...]:
        """Where every thread of the process is now; ProblemError when it does not say."""
        return await self._samples.ask(self.record.name, self._process)

    def debug(self, descriptor: int) -> None:
        """Let a debugger speak with the process; its socket stays the caller's.

        Nobody judges whether the driver responds until the debugger has left.
        """
        if self._process is not None and self._process.debug(descriptor):
            if self.record.state is DriverState.STARTING:
                self._set_timer(None)
            self._account.change(debugging=True)
            self._around.log(self.record, "runtime", "a debugger was attached")

    def release(self) -> None:
        """Let a quarantined driver start again, with a clean slate."""
        self._crashes_ns = ()
        self._intent = Intent.NONE
        self._account.advance(DriverEvent.RELEASED)
        self._account.tell(events.Released(self.record.name))
        self.launch()

    async def wait_over(self) -> None:
        """Wait until no process is left and none will come by itself."""
        if self.record.state not in (DriverState.STOPPED, DriverState.QUARANTINED):
            await self._over.wait()

    def tick(self, now_ns: int) -> None:
        """Once a second: notice a watcher that has fallen silent."""
        if self._process is not None:
            self._judged(hang.judge_silence((now_ns - self._heard_ns) // 1000))

    # --- launching -----------------------------------------------------------------------------

    async def _create(self) -> None:
        name = f"{self.spec.server_name} {self.record.service:#x}"
        try:
            launched = await self._launcher.create(name, dumpable=self.spec.dumpable)
        except SpawnError as error:
            self._gone(Exit(ExitHow.LAUNCH, 0, str(error)), Remains())
        else:
            self._begin(launched)

    def _begin(self, launched: Launched) -> None:
        child = launched.child
        self._process = DriverProcess(child.pid, child.pidfd, launched.channels, self)
        self._heard_ns = time.monotonic_ns()
        self._account.reach(Stage.FORKED, pid=child.pid)
        self._account.tell(events.Launched(self.record.name, child.pid))
        if self.record.state is DriverState.STOPPING:
            self._process.kill(ExitHow.STOPPED, "")
        else:
            self._load(self._process)

    def _load(self, process: DriverProcess) -> None:
        self._calls = Calls(process)
        self._session = self.spec.open_session(self._complete)
        load = wire.Load(
            bundle_id=self.spec.bundle_id,
            executable=self.spec.executable,
            user_class=self.spec.name,
            service=self.record.service,
            provider=self.spec.provider,
            provider_class=self.spec.provider_class,
            provider_name=self.spec.provider_name,
            properties=self.spec.properties,
            provider_properties=self.spec.provider_properties,
            server_name=self.spec.server_name,
        )
        process.load(load, self._bundle)
        self._close_bundle()
        self._deadline(LAUNCH_SECONDS, ExitHow.LAUNCH, "it was not loaded in time")

    def _start(self, calls: Calls) -> None:
        self._deadline(START_SECONDS, ExitHow.LAUNCH, "init or Start did not return in time")
        calls.ask(methods.Start(), self._started, self._start_failed)

    def _started(self) -> None:
        if self.record.state is DriverState.STOPPING:
            return
        self._set_timer(None)
        self._account.advance(DriverEvent.STARTED)
        self._account.reach(Stage.STARTED)
        after_us = self.record.launch[-1].after_us
        self._account.tell(events.Started(self.record.name, self.record.pid, after_us))
        self._around.started(self.record)

    def _start_failed(self, code: int, text: str) -> None:
        """Start returned an error: no crash; the next candidate may have the provider."""
        said = text or f"kern_return_t {code:#010x}"
        self._start_error = f"Start failed: {said}"
        self._around.log(self.record, "runtime", self._start_error)
        if self._process is not None:
            self._process.send(wire.Goodbye())
            self._deadline(STOP_SECONDS, ExitHow.STOPPED, "")

    # --- process.Listener ----------------------------------------------------------------------

    def received(self, message: wire.ToRuntime) -> None:
        """Take one message of the control socket."""
        if self._calls is None:
            raise BreachError("driver: expected silence before Load, found a message")
        match message:
            case wire.Staged():
                self._staged(message, self._calls)
            case wire.Call():
                self._called(message, self._calls)
            case wire.Reply():
                self._calls.replied(message)
            case wire.Fail():
                self._calls.failed(message)

    def logged(self, source: str, text: str) -> None:
        """Take one line of the log."""
        self._around.log(self.record, source, text)

    def pulsed(self, pulse: wire.Pulse) -> None:
        """Take the state of its queues."""
        self._heard_ns = time.monotonic_ns()
        self._judged(hang.judge(pulse))

    def debugged(self) -> None:
        """The debugger has left."""
        self._account.change(debugging=False)
        self._around.log(self.record, "runtime", "the debugger has left")

    def sampled(self, threads: tuple[wire.ThreadSample, ...]) -> None:
        """Take where every thread is."""
        self._samples.taken(threads)

    def exited(self, exit_: Exit, remains: Remains) -> None:
        """The process is gone and reaped."""
        if exit_.how is ExitHow.CODE and self._process is not None and self._process.said_goodbye:
            exit_ = msgspec.structs.replace(exit_, how=ExitHow.STOPPED)
        self._process = None
        self._gone(exit_, remains)

    # --- messages ------------------------------------------------------------------------------

    def _staged(self, message: wire.Staged, calls: Calls) -> None:
        before = self.record.launch[-1].stage
        if (before, message.stage) == (Stage.FORKED, Stage.LOCKED_DOWN):
            told = confinement.fields(message, self._launcher.missing, self.spec.provider_path)
            self._account.reach(message.stage, **told)
        elif (before, message.stage) == (Stage.LOCKED_DOWN, Stage.LOADED):
            self._account.reach(message.stage)
            self._around.serving(self.record, message.classes)
            self._start(calls)
        else:
            raise BreachError(f"driver: expected the next launch stage, found {message.stage}")

    def _called(self, call: wire.Call, calls: Calls) -> None:
        if isinstance(call.method, methods.Start | methods.Stop):
            raise BreachError("driver: expected a method of its provider, found Start or Stop")
        if isinstance(call.method, methods.ServiceMethod):
            self._around.service_call(self.record, call.method)
            calls.answer(call, None)
        elif self._session is not None:
            calls.serve(call, self._session)

    def _complete(self, action: int, completion: methods.Completion) -> None:
        if self._process is not None:
            self._process.send(wire.Complete(action, completion))

    def _judged(self, verdict: hang.Responding | hang.Late) -> None:
        state, record = self.record.state, self.record
        if record.debugging:
            return
        if isinstance(verdict, hang.Responding):
            if state is DriverState.NOT_RESPONDING:
                started = record.launch[-1].stage is Stage.STARTED
                event = DriverEvent.RESPONDED if started else DriverEvent.STILL_STARTING
                self._account.advance(event, note="")
                self._account.tell(events.Responded(record.name, record.pid))
            return
        if state in (DriverState.STARTING, DriverState.RUNNING):
            seconds = verdict.age_us // 1_000_000
            note = f"{verdict.what} has not returned for {seconds} s"
            self._account.advance(DriverEvent.DEADLINE_PASSED, note=note)
            if self._process is not None:
                self._samples.late(self._process, verdict.queue)
            age_ms = verdict.age_us // 1000
            self._account.tell(
                events.Hung(record.name, record.pid, verdict.queue, verdict.callback, age_ms)
            )
        if verdict.hopeless and self._process is not None:
            self._process.kill(ExitHow.HANG, f"{verdict.what} did not return for a minute")

    # --- stopping and what comes after ---------------------------------------------------------

    def _ask_to_stop(self, *, started: bool) -> None:
        if self._process is None:
            return  # still being created; `_create` ends it
        self._deadline(STOP_SECONDS, ExitHow.STOPPED, "Stop did not return in time")
        if started and self._calls is not None:
            self._calls.ask(methods.Stop(), _returned, _failed)
        else:
            self._process.kill(ExitHow.STOPPED, "")

    def _close_bundle(self) -> None:
        if self._bundle >= 0:
            os.close(self._bundle)
            self._bundle = -1

    def _gone(self, exit_: Exit, remains: Remains) -> None:
        """No process is left: close what it held, and decide what comes next."""
        self._set_timer(None)
        self._close_bundle()
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._calls is not None:
            self._calls.close()
            self._calls = None
        died = self.record
        self._around.detach(died)
        self._account.change(pid=0, service=0, last_exit=exit_, debugging=False)
        if self.record.state is DriverState.STOPPING:
            self._stopped(died.pid)
        elif self._start_error and exit_.how is ExitHow.STOPPED:
            self._account.advance(DriverEvent.REAPED, note=self._start_error)
            self._end()
        else:
            self._crashed(died, exit_, remains)

    def _stopped(self, pid: int) -> None:
        self._account.tell(events.Stopped(self.record.name, pid))
        if self._intent is Intent.RESTART:
            self._intent = Intent.NONE
            self._account.advance(DriverEvent.EXITED)
            self.launch()
        else:
            self._account.advance(DriverEvent.REAPED)
            self._end()

    def _crashed(self, died: Driver, exit_: Exit, remains: Remains) -> None:
        now = time.monotonic_ns()
        self._crashes_ns = (*restart.recent(self._policy, self._crashes_ns, now), now)
        self._account.change(crashes=self.record.crashes + 1)
        self._account.tell(events.Crashed(self.record.name, died.pid, exit_))
        self._around.crashed(died, exit_, self._samples.completed(exit_, remains))
        decision = restart.decide(self._policy, self._crashes_ns, now)
        if isinstance(decision, restart.Quarantine):
            note = f"crashed {decision.crashes} times; waits until somebody releases it"
            self._account.advance(DriverEvent.GAVE_UP, note=note)
            self._account.tell(events.Quarantined(self.record.name, decision.crashes))
            self._end()
            return
        self._account.advance(DriverEvent.EXITED)
        self._account.tell(events.Restarting(self.record.name, decision.delay_ms))
        if decision.delay_ms:
            loop = asyncio.get_running_loop()
            self._set_timer(loop.call_later(decision.delay_ms / 1000, self.launch))
        else:
            self.launch()

    def _end(self) -> None:
        self._over.set()
        self._around.ended(self.record)

    def _deadline(self, seconds: float, how: ExitHow, detail: str) -> None:
        if self._process is not None:
            loop = asyncio.get_running_loop()
            self._set_timer(loop.call_later(seconds, self._process.kill, how, detail))

    def _set_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer


def _returned() -> None:
    """Stop returned; the process says goodbye and ends by itself."""


def _failed(code: int, text: str) -> None:
    """Stop failed, which DriverKit treats as stopped: the process ends all the same."""
    del code, text
