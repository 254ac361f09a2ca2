"""One driver process at work: loaded, started, judged, ended.

IOKit's IOUserServer: what the system knows of one process of a driver. The driver's record is
kept by `account`; what comes after the process is its owner's to decide. Runs in the event
loop; nothing here blocks.
Invariant: the owner is told of the end exactly once, after everything that was open is closed.
"""

import asyncio
import time
from typing import Protocol

import msgspec

from runtime.model import events, words
from runtime.model.driver_lifecycle import DriverEvent, DriverState
from runtime.model.errors import BreachError
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.processes import OpenCall
from runtime.supervisor import confinement, hang
from runtime.supervisor.account import Account
from runtime.supervisor.calls import Calls
from runtime.supervisor.deadline import LEAVE, LOAD, REGISTER_SECONDS, START, STOP
from runtime.supervisor.ports import DriverSpec, Gather, ProviderSession, Surroundings
from runtime.supervisor.samples import Samples
from runtime.supervisor.standby import Standby
from runtime.wire import driver as wire
from runtime.wire import methods


class Owner(Protocol):
    """Whose process it is."""

    def started(self) -> None:
        """Start returned success."""

    def refused(self, why: str) -> None:
        """Start returned an error: no crash, the process ends in order."""

    def provider_lost(self) -> None:
        """The process cannot reach its provider any more."""

    def ended(self, exit_: Exit, gather: Gather) -> None:
        """The process is gone and reaped, its provider's session closed."""


class UserServer:
    """A process of a driver, from its creation to its end."""

    def __init__(
        self,
        standby: Standby,
        spec: DriverSpec,
        account: Account,
        surroundings: Surroundings,
        owner: Owner,
    ) -> None:
        self._spec = spec
        self._account = account
        self._around = surroundings
        self._owner = owner
        self._standby = standby
        self._process = standby.hand_to(self)
        self._calls = Calls(self._process)
        self._session: ProviderSession | None = None  # until it is told what to run
        self._registering: asyncio.TimerHandle | None = None  # from Start until it has
        self._samples = Samples()
        self._heard_ns = time.monotonic_ns()
        self._pulse = wire.Pulse(())  # the last one
        account.reach(Stage.FORKED, pid=self._process.pid)

    # --- what its owner asks -------------------------------------------------------------------

    def load(self, bundle: int) -> None:
        """Have it run what the spec says, if that was not done in advance.

        The sealed bundle stays the caller's.
        """
        try:
            self._session = self._spec.open_session(self)  # a broker takes as long as loading does
        except OSError as error:
            said = f"provider socket: expected descriptors enough, found: {error.strerror}"
            self._process.kill(ExitHow.LAUNCH, said)
            return
        if not self._standby.told:
            self._standby.load(self._spec, bundle)
        for staged in self._standby.staged:
            self._staged(staged)
        self._account.tell(events.Launched(self._account.record.name, self._process.pid))
        for source, text in self._standby.lines:
            self.logged(source, text)

    def stop(self, *, started: bool, unplugged: bool) -> None:
        """Stop, free, grace, SIGKILL; one whose Start has not returned is killed at once."""
        if unplugged and self._session is not None:
            self._session.close()
        self._process.deadline.set(STOP)
        if started:
            self._calls.ask(methods.Stop(), _returned, _failed)
        else:
            self.kill()

    def kill(self) -> None:
        """End it at once, because it is not wanted."""
        self._process.kill(ExitHow.STOPPED, "")

    def crash(self) -> None:
        """Have it dereference null."""
        self._process.send(wire.CrashYourself())

    async def sample(self) -> tuple[wire.ThreadSample, ...]:
        """Where every thread is now; ProblemError when it does not say."""
        return await self._samples.ask(self._account.record.name, self._process)

    def oldest_call(self, now_ns: int) -> OpenCall:
        """What has not returned for longest: a callback, or a call of ours."""
        callback = hang.oldest(self._pulse, (now_ns - self._heard_ns) // 1000)
        return max(callback, self._calls.oldest(now_ns), key=lambda call: call.age_us)

    def debug(self, descriptor: int) -> None:
        """Let a debugger speak with it, and do not judge it meanwhile."""
        if self._process.debug(descriptor):
            if self._account.state is DriverState.STARTING:
                self._process.deadline.clear()
            self._account.change(debugging=True)
            self._around.log(self._account.record, "runtime", "a debugger was attached")

    def tick(self, now_ns: int) -> None:
        """Once a second: notice a watcher that has fallen silent.

        One that is heard says by its pulse whether the queues respond.
        """
        verdict = hang.judge_silence((now_ns - self._heard_ns) // 1000)
        if isinstance(verdict, hang.Late):
            self._judged(verdict)

    # --- process.Listener ----------------------------------------------------------------------

    def received(self, message: wire.ToRuntime) -> None:
        """Take one message of the control socket."""
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
        self._around.log(self._account.record, source, text)

    def pulsed(self, pulse: wire.Pulse) -> None:
        """Take the state of its queues."""
        self._heard_ns, self._pulse = time.monotonic_ns(), pulse
        quiet_us = hang.progress(pulse)
        if quiet_us is not None:
            self._process.deadline.extend(quiet_us)
        self._judged(hang.judge(pulse))

    def debugged(self) -> None:
        """The debugger has left."""
        self._account.change(debugging=False)
        self._around.log(self._account.record, "runtime", "the debugger has left")

    def sampled(self, threads: tuple[wire.ThreadSample, ...]) -> None:
        """Take where every thread is."""
        self._samples.taken(threads)

    def exited(self, exit_: Exit, gather: Gather) -> None:
        """The process is gone and reaped."""
        if self._session is not None:
            self._session.close()
        self._calls.close()
        if self._registering is not None:
            self._registering.cancel()
        if exit_.how is ExitHow.CODE and self._process.said_goodbye:
            exit_ = msgspec.structs.replace(exit_, how=ExitHow.STOPPED)
        self._owner.ended(exit_, lambda: self._samples.completed(exit_, gather()))

    # --- ports.SessionEnd ----------------------------------------------------------------------

    def provider_lost(self, why: str) -> None:
        """Every call to the provider fails from now on."""
        self._around.log(self._account.record, "runtime", why)
        self._owner.provider_lost()

    def breached(self, what: str) -> None:
        """End it for what it sent to its provider."""
        self._process.kill(ExitHow.BREACH, what)

    # --- messages ------------------------------------------------------------------------------

    def _staged(self, message: wire.Staged) -> None:
        before = self._account.record.launch[-1].stage
        if (before, message.stage) == (Stage.FORKED, Stage.LOCKED_DOWN):
            path = self._account.record.provider_path
            told = confinement.fields(message, self._standby.missing, path)
            self._account.reach(message.stage, **told)
            self._process.deadline.set(LOAD)
        elif (before, message.stage) == (Stage.LOCKED_DOWN, Stage.LOADED):
            self._account.reach(message.stage)
            self._around.serving(self._account.record, message.classes)
            self._start()
        else:
            raise BreachError(f"driver: expected the next launch stage, found {message.stage}")

    def _start(self) -> None:
        """Give it its provider, which it learns of now, and have it start."""
        if self._session is None or self._account.state is DriverState.STOPPING:
            return  # it said so with its last breath, and the provider may be gone
        spec = self._spec
        decision = spec.entitled()
        if not decision.allowed:
            self._refuse(f"not started: {words.denial(decision)}")
            return
        self._account.reach(Stage.ENTITLED)
        self._process.deadline.set(START)
        attach = wire.Attach(
            self._account.record.service,
            spec.provider,
            spec.provider_class,
            spec.provider_name,
            spec.properties,
            spec.provider_properties,
        )
        self._session.send_with(lambda provider: self._process.attach(attach, provider))
        self._calls.ask(methods.Start(), self._started, self._start_failed)

    def _started(self) -> None:
        if self._account.state is DriverState.STOPPING:
            return
        self._process.deadline.clear()
        self._account.advance(DriverEvent.STARTED)
        self._account.reach(Stage.STARTED)
        if not self._account.reached(Stage.REGISTERED):
            loop = asyncio.get_running_loop()
            self._registering = loop.call_later(REGISTER_SECONDS, self._not_registered)
        record = self._account.record
        self._account.tell(events.Started(record.name, record.pid, record.launch[-1].after_us))
        self._around.started(record)
        self._owner.started()

    def _start_failed(self, code: int, text: str) -> None:
        self._refuse(f"Start failed: {text or f'kern_return_t {code:#010x}'}")

    def _refuse(self, why: str) -> None:
        """Have it end in order; it is no crash."""
        self._around.log(self._account.record, "runtime", why)
        self._owner.refused(why)
        self._process.send(wire.Goodbye())
        self._process.deadline.set(LEAVE)

    def _called(self, call: wire.Call) -> None:
        if not self._account.reached(Stage.ENTITLED):
            raise BreachError("driver: expected no call before Start, found one")
        if not isinstance(call.method, methods.ServiceMethod):
            name = type(call.method).__name__
            raise BreachError(f"driver: expected a method of its own entry, found {name}")
        self._around.service_call(self._account.record, call.method)
        if isinstance(call.method, methods.RegisterService):
            self._registered()
        self._calls.answer(call, None)

    def _registered(self) -> None:
        if not self._account.reached(Stage.REGISTERED):
            self._account.reach(Stage.REGISTERED)
        if self._registering is not None:
            self._registering.cancel()

    def _not_registered(self) -> None:
        said = f"RegisterService was not called within {REGISTER_SECONDS:.0f} s after Start"
        self._around.log(self._account.record, "runtime", f"{said}: nobody can match on it")

    # --- hangs and deadlines -------------------------------------------------------------------

    def _judged(self, verdict: hang.Responding | hang.Late) -> None:
        if self._account.record.debugging:
            return
        if isinstance(verdict, hang.Responding):
            self._account.responds()
            return
        if self._account.late(verdict):
            self._samples.late(self._process, verdict.queue)
        if verdict.hopeless:
            self._process.kill(ExitHow.HANG, f"{verdict.what} did not progress for a minute")


def _returned() -> None:
    """Stop returned; the process says goodbye and ends by itself."""


def _failed(code: int, text: str) -> None:
    """Stop failed, which DriverKit treats as stopped: the process ends all the same."""
    del code, text
