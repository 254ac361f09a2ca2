"""One driver: a personality on a provider, across all its processes.

The state is `runtime.model.driver_lifecycle`'s, the restart policy `policy`'s; this file
connects them to a real process. Runs in the event loop; nothing here blocks.
"""

import asyncio
import time

import msgspec

from runtime.model import events
from runtime.model.driver_lifecycle import LIVE, DriverEvent, DriverState, Intent, advance
from runtime.model.errors import BreachError, SpawnError
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.records import Driver, StageTime
from runtime.supervisor import policy as restart
from runtime.supervisor.calls import Calls
from runtime.supervisor.ports import DriverSpec, ProviderSession, Surroundings
from runtime.supervisor.process import Channels, DriverProcess
from runtime.supervisor.zygote import Zygote
from runtime.wire import driver as wire
from runtime.wire import methods, zygote

LAUNCH_SECONDS = 15.0  # until the class is loaded; a cold, loaded machine takes 1 s
START_SECONDS = 30.0  # for init and Start, while they make no call to the runtime
STOP_SECONDS = 5.0  # grace for Stop and free, then SIGKILL
CALLBACK_SECONDS = 5.0  # a callback older than this, with no call outstanding: not responding
HANG_SECONDS = 60.0  # a callback older than this: killed
MEMORY_BYTES = 2 << 30  # of address space
OPEN_FILES = 64
FIRST_UID = 61184  # a range that neither Debian's adduser nor systemd hands out (61184-65519)
UIDS = 4096


class SupervisedDriver:
    """A driver and whatever process runs it now."""

    def __init__(
        self,
        record: Driver,
        spec: DriverSpec,
        zygote_: Zygote,
        policy: restart.RestartPolicy,
        surroundings: Surroundings,
    ) -> None:
        self.record = record
        self.spec = spec
        self._zygote = zygote_
        self._policy = policy
        self._around = surroundings
        self._intent = Intent.NONE
        self._crashes_ns: tuple[int, ...] = ()
        self._process: DriverProcess | None = None
        self._session: ProviderSession | None = None
        self._calls: Calls | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._launching: asyncio.Task[None] | None = None
        self._asked_ns = 0
        self._pulse_ns = 0
        self._start_error = ""
        self._over = asyncio.Event()

    # --- what the supervisor asks --------------------------------------------------------------

    def launch(self) -> None:
        """Start a process; the driver is stopped or restarting."""
        self._advance(DriverEvent.LAUNCHED, note="")
        self._asked_ns = time.monotonic_ns()
        self._start_error = ""
        self._over.clear()
        self._record(starts=self.record.starts + 1, launch=(StageTime(Stage.REQUESTED, 0),))
        self._record(service=self._around.attach(self.record, self.spec))
        self._launching = asyncio.get_running_loop().create_task(self._create())

    def stop(self, intent: Intent, *, unplugged: bool = False) -> None:
        """Stop in order: abort what is outstanding, Stop, grace, SIGKILL. Idempotent.

        A higher intent replaces a lower one. `unplugged` says that the provider is gone.
        """
        self._intent = max(self._intent, intent)
        state = self.record.state
        if state in (DriverState.RESTARTING, DriverState.QUARANTINED):
            self._set_timer(None)
            self._advance(DriverEvent.STOP_ASKED)
            self._end()
        elif state in LIVE and state is not DriverState.STOPPING:
            started = state is not DriverState.STARTING
            self._advance(DriverEvent.STOP_ASKED)
            if unplugged and self._session is not None:
                self._session.close()
            self._ask_to_stop(started)

    def crash(self) -> None:
        """Have the process dereference null."""
        if self._process is not None:
            self._process.send(wire.CrashYourself())

    def release(self) -> None:
        """Let a quarantined driver start again, with a clean slate."""
        self._crashes_ns = ()
        self._intent = Intent.NONE
        self._advance(DriverEvent.RELEASED)
        self._around.event(self.record, events.Released(self.record.name))
        self.launch()

    async def wait_over(self) -> None:
        """Wait until no process is left and none will come by itself."""
        if self.record.state not in (DriverState.STOPPED, DriverState.QUARANTINED):
            await self._over.wait()

    def tick(self, now_ns: int) -> None:
        """Once a second: notice a watcher that has fallen silent."""
        silent_ns = now_ns - self._pulse_ns
        if self.record.state is DriverState.RUNNING and silent_ns > CALLBACK_SECONDS * 1e9:
            self._not_responding("", "", silent_ns // 1_000_000)
        if self._process is not None and silent_ns > HANG_SECONDS * 1e9:
            self._process.kill(ExitHow.HANG, "its watcher has been silent for a minute")

    # --- launching -----------------------------------------------------------------------------

    async def _create(self) -> None:
        channels = Channels()
        request = zygote.Spawn(
            number=0,
            name=f"{self.spec.server_name} {self.record.service:#x}"[:200],
            uid=FIRST_UID + self.record.id % UIDS,
            dumpable=self.spec.dumpable,
            memory_bytes=MEMORY_BYTES,
            open_files=OPEN_FILES,
        )
        try:
            child = await self._zygote.spawn(request, channels.theirs(self.spec.bundle))
        except SpawnError as error:
            channels.close_theirs()
            channels.close_ours()
            self._after_exit(Exit(ExitHow.LAUNCH, 0, str(error)))
            return
        channels.close_theirs()
        self._process = DriverProcess(child.pid, child.pidfd, channels, self)
        self._pulse_ns = time.monotonic_ns()
        self._stage(Stage.FORKED, pid=child.pid)
        self._around.event(self.record, events.Launched(self.record.name, child.pid))
        if self.record.state is DriverState.STOPPING:
            self._process.kill(ExitHow.STOPPED, "")
            return
        self._load(self._process)

    def _load(self, process: DriverProcess) -> None:
        self._calls = Calls(process)
        self._session = self.spec.open_session(self._complete)
        process.send(
            wire.Load(
                bundle_id=self.spec.bundle_id,
                executable=self.spec.executable,
                user_class=self.spec.name,
                service=self.record.service,
                provider=self.spec.provider,
                provider_class=self.spec.provider_class,
                provider_name=self.spec.provider_name,
                properties=self.spec.properties,
                provider_properties=self.spec.provider_properties,
            )
        )
        self._deadline(LAUNCH_SECONDS, ExitHow.LAUNCH, "it was not loaded in time")

    def _start(self) -> None:
        assert self._calls is not None
        self._deadline(START_SECONDS, ExitHow.LAUNCH, "init or Start did not return in time")
        self._calls.ask(methods.Start(), self._started, self._start_failed)

    def _started(self) -> None:
        self._set_timer(None)
        if self.record.state is DriverState.STOPPING:
            return
        self._advance(DriverEvent.STARTED)
        self._stage(Stage.STARTED)
        after_us = self.record.launch[-1].after_us
        self._around.event(self.record, events.Started(self.record.name, self.record.pid, after_us))
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
        assert self._calls is not None
        match message:
            case wire.Staged():
                self._staged(message)
            case wire.Call():
                self._called(message)
            case wire.Reply():
                self._calls.replied(message)
            case wire.Fail():
                self._calls.failed(message)

    def logged(self, source: str, text: str) -> None:
        """Take one line of the log."""
        self._around.log(self.record, source, text)

    def pulsed(self, pulse: wire.Pulse) -> None:
        """Judge the queues: not responding, or responding again."""
        self._pulse_ns = time.monotonic_ns()
        idle = wire.QueuePulse("")
        worst = max(
            (queue for queue in pulse.queues if queue.callback and not queue.calling),
            key=lambda queue: queue.age_us,
            default=idle,
        )
        late = worst.age_us > CALLBACK_SECONDS * 1e6
        if late and self.record.state in (DriverState.STARTING, DriverState.RUNNING):
            self._not_responding(worst.queue, worst.callback, worst.age_us // 1000)
        elif not late and self.record.state is DriverState.NOT_RESPONDING:
            self._advance(DriverEvent.RESPONDED, note="")
            self._around.event(self.record, events.Responded(self.record.name, self.record.pid))
        if worst.age_us > HANG_SECONDS * 1e6 and self._process is not None:
            self._process.kill(ExitHow.HANG, f"{worst.callback} ran for a minute")

    def exited(self, exit_: Exit) -> None:
        """The process is gone and reaped."""
        if exit_.how is ExitHow.CODE and self._process is not None and self._process.said_goodbye:
            exit_ = msgspec.structs.replace(exit_, how=ExitHow.STOPPED)
        self._process = None
        self._after_exit(exit_)

    # --- messages ------------------------------------------------------------------------------

    def _staged(self, message: wire.Staged) -> None:
        if message.stage is Stage.LOCKED_DOWN:
            missing = (*self._zygote.missing, *message.missing)
            self._stage(message.stage, sandbox=message.applied, missing=missing)
        elif message.stage is Stage.LOADED and self._calls is not None:
            self._stage(message.stage)
            self._around.serving(self.record, message.classes)
            self._start()
        else:
            raise BreachError(f"driver: expected the next launch stage, found {message.stage}")

    def _called(self, call: wire.Call) -> None:
        assert self._calls is not None
        if isinstance(call.method, methods.Start | methods.Stop):
            raise BreachError("driver: expected a method of its provider, found Start or Stop")
        if isinstance(call.method, methods.ServiceMethod):
            self._around.service_call(self.record, call.method)
            self._calls.answer(call, None)
            return
        if self._session is None:
            raise BreachError("driver: expected no call after its provider closed, found one")
        self._calls.serve(call, self._session)

    def _complete(self, action: int, completion: methods.Completion) -> None:
        if self._process is not None:
            self._process.send(wire.Complete(action, completion))

    def _not_responding(self, queue: str, callback: str, age_ms: int) -> None:
        what = f"{callback} on queue {queue}" if callback else "its watcher"
        self._advance(
            DriverEvent.DEADLINE_PASSED, note=f"{what} has not returned for {age_ms / 1000:.0f} s"
        )
        self._around.event(
            self.record,
            events.Hung(self.record.name, self.record.pid, queue, callback, age_ms),
        )

    # --- stopping and what comes after ---------------------------------------------------------

    def _ask_to_stop(self, started: bool) -> None:
        if self._process is None:
            return  # still being created; `_create` ends it
        self._deadline(STOP_SECONDS, ExitHow.STOPPED, "Stop did not return in time")
        if started and self._calls is not None:
            self._calls.ask(methods.Stop(), _nothing, _ignore)
        else:
            self._process.kill(ExitHow.STOPPED, "")

    def _after_exit(self, exit_: Exit) -> None:
        self._set_timer(None)
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._calls is not None:
            self._calls.close()
            self._calls = None
        pid = self.record.pid
        self._around.detach(self.record)
        self._record(pid=0, service=0, last_exit=exit_)
        if self.record.state is DriverState.STOPPING:
            self._stopped(pid)
        elif self._start_error and exit_.how is ExitHow.STOPPED:
            self._advance(DriverEvent.REAPED, note=self._start_error)
            self._end()
        else:
            self._crashed(pid, exit_)

    def _stopped(self, pid: int) -> None:
        self._around.event(self.record, events.Stopped(self.record.name, pid))
        if self._intent is Intent.RESTART:
            self._intent = Intent.NONE
            self._advance(DriverEvent.EXITED)
            self.launch()
        else:
            self._advance(DriverEvent.REAPED)
            self._end()

    def _crashed(self, pid: int, exit_: Exit) -> None:
        now = time.monotonic_ns()
        crashes = (*restart.recent(self._policy, self._crashes_ns, now), now)
        self._crashes_ns = crashes
        self._record(crashes=self.record.crashes + 1)
        self._around.event(self.record, events.Crashed(self.record.name, pid, exit_))
        decision = restart.decide(self._policy, crashes, now)
        if isinstance(decision, restart.Quarantine):
            self._advance(
                DriverEvent.GAVE_UP,
                note=f"crashed {decision.crashes} times; waits until somebody releases it",
            )
            self._around.event(self.record, events.Quarantined(self.record.name, decision.crashes))
            self._end()
            return
        self._advance(DriverEvent.EXITED)
        self._around.event(self.record, events.Restarting(self.record.name, decision.delay_ms))
        if decision.delay_ms:
            loop = asyncio.get_running_loop()
            self._set_timer(loop.call_later(decision.delay_ms / 1000, self.launch))
        else:
            self.launch()

    def _end(self) -> None:
        self._over.set()
        self._around.ended(self.record)

    # --- the record ----------------------------------------------------------------------------

    def _advance(self, event: DriverEvent, **changes: object) -> None:
        state = advance(self.record.state, event)
        self._record(state=state, since_wall_ns=time.time_ns(), **changes)

    def _record(self, **changes: object) -> None:
        self.record = msgspec.structs.replace(self.record, **changes)
        self._around.changed(self.record)

    def _stage(self, stage: Stage, **changes: object) -> None:
        after_us = (time.monotonic_ns() - self._asked_ns) // 1000
        self._record(launch=(*self.record.launch, StageTime(stage, after_us)), **changes)

    def _deadline(self, seconds: float, how: ExitHow, detail: str) -> None:
        process = self._process
        assert process is not None
        loop = asyncio.get_running_loop()
        self._set_timer(loop.call_later(seconds, process.kill, how, detail))

    def _set_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer


def _nothing() -> None:
    """Stop returned; the process says goodbye and ends by itself."""


def _ignore(code: int, text: str) -> None:
    """Stop failed, which DriverKit treats as stopped."""
    del code, text
