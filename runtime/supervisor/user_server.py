"""One driver process at work: its bundle loaded, the services in it, its end.

IOKit's IOUserServer: what the system knows of one process of a driver. Most have one service; with
IOUserServerOneProcess all services of a bundle's server name are in one, and what happens to the
process happens to each of them. Runs in the event loop; nothing here blocks.
Invariant: a service is told of the end of the process exactly once, unless it has left before.
"""

import asyncio
import functools
import time
from collections.abc import Callable, Iterable

from runtime.model import events
from runtime.model.crash_report import Remains
from runtime.model.errors import BreachError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.processes import OpenCall
from runtime.supervisor import confinement, hang
from runtime.supervisor.calls import Calls
from runtime.supervisor.deadline import LOAD
from runtime.supervisor.ports import Gather, Surroundings
from runtime.supervisor.samples import Samples
from runtime.supervisor.standby import FOLLOWING, Standby
from runtime.supervisor.user_service import UserService
from runtime.wire import driver as wire


class UserServer:
    """A driver process that has services, from when it was taken to its end.

    Args:
        standby: The process, which knows of no device yet.
        surroundings: Who hears of it.
        over: Called when nobody can join any more, before the services are told of the end.

    Attributes:
        calls: The runtime's calls to it.
    """

    def __init__(
        self,
        standby: Standby,
        surroundings: Surroundings,
        over: Callable[["UserServer"], object],
    ) -> None:
        self._around = surroundings
        self._over = over
        self._outside = confinement.Outside(standby.applied, standby.missing, standby.elevated)
        self._staged = list(standby.staged)
        self._services: dict[int, UserService] = {}  # by entry; the first one first
        self._left: set[int] = set()  # whose last words may still come
        self._samples = Samples()
        self._heard_ns = time.monotonic_ns()
        self._pulse = wire.Pulse(())  # the last one
        self._process = standby.hand_to(self)
        self.calls = Calls(self._process)
        self._lines = standby.lines  # for the first service

    # --- what is asked -------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def ending(self) -> bool:
        """Whether it ends: nobody can join any more."""
        return self._process.ending

    def join(self, service: UserService) -> None:
        """Have one more service; it comes as far as the process is at once."""
        first = not self._services
        self._services[service.id] = service
        try:
            service.enter(self)
        except OSError as error:
            self._not_joined(service, str(error.strerror))
            return
        for staged in self._staged:
            if staged.stage is Stage.LOCKED_DOWN:
                self._confined(staged)
            service.staged(staged.stage)
        account = service.account
        account.tell(events.Launched(account.record.name, self.pid))
        for source, text in self._lines if first else ():
            self._around.log(account.record, source, text)

    def attach(self, message: wire.Attach, provider: int) -> None:
        """Tell it of a service and its provider; the socket stays the caller's."""
        self._process.attach(message, provider)

    def others(self, service: UserService) -> bool:
        """Whether it has other services than this one."""
        return any(other is not service for other in self._services.values())

    def is_first(self, service: UserService) -> bool:
        """Whether nobody has been in it for longer."""
        return next(iter(self._services.values()), None) is service

    def dismiss(self, service: UserService) -> None:
        """A service is over; the last one's process ends, before that service is told."""
        if service.id not in self._services:
            return  # it was told of the end of the process meanwhile
        if not self.others(service):
            self._process.leave()
            return
        self._lose(service)
        service.ended(Exit(ExitHow.STOPPED, 0))

    def kill(self, how: ExitHow, detail: str, service: int = 0) -> None:
        """End it at once; `service`: whose fault it is, where one alone is to blame."""
        self._process.kill(how, detail, service)

    def crash(self) -> None:
        """Have it dereference null."""
        self._process.send(wire.CrashYourself())

    async def sample(self, name: str) -> tuple[wire.ThreadSample, ...]:
        """Where every thread is now; ProblemError, which names a driver, when it does not say."""
        return await self._samples.ask(name, self._process)

    def oldest_call(self, now_ns: int) -> OpenCall:
        """What has not returned for longest: a callback, or a call of ours."""
        callback = hang.oldest(self._pulse, (now_ns - self._heard_ns) // 1000)
        return max(callback, self.calls.oldest(now_ns), key=lambda call: call.age_us)

    def send(self, message: wire.ServiceNotification) -> None:
        """Tell a service of another one."""
        self._process.send(message)

    def debug(self, descriptor: int) -> None:
        """Let a debugger speak with it, and judge nobody in it meanwhile."""
        if self._process.debug(descriptor):
            self._process.deadline.clear()
            for service in self._services.values():
                service.debugged(on=True)

    def tick(self, now_ns: int) -> None:
        """Once a second: notice a watcher that has fallen silent.

        One that is heard says by its pulse whether the queues respond.
        """
        verdict = hang.judge_silence((now_ns - self._heard_ns) // 1000, self._pulse)
        if isinstance(verdict, hang.Late):
            self._judge(verdict)

    # --- process.Listener ----------------------------------------------------------------------

    def received(self, message: wire.ToRuntime) -> None:
        """Take one message of the control socket."""
        match message:
            case wire.Staged():
                self._stage(message)
            case wire.Attached(service=service) | wire.Call(target=service):
                self._concerns(service, message)
            case wire.Reply():
                self.calls.replied(message)
            case wire.Fail():
                self.calls.failed(message)

    def logged(self, source: str, text: str, service: int) -> None:
        """Take one line of the log: of one service, or of all when it is not known whose."""
        owner = self._services.get(service)
        for each in self._services.values() if owner is None else (owner,):
            self._around.log(each.account.record, source, text)

    def pulsed(self, pulse: wire.Pulse) -> None:
        """Take the state of its queues."""
        self._heard_ns, self._pulse = time.monotonic_ns(), pulse
        for service in self._services.values():
            service.progressed(pulse)
        self._judge(hang.judge(pulse))

    def debugged(self) -> None:
        """The debugger has left."""
        for service in self._services.values():
            service.debugged(on=False)

    def sampled(self, threads: tuple[wire.ThreadSample, ...]) -> None:
        """Take where every thread is."""
        self._samples.taken(threads)

    def exited(self, exit_: Exit, gather: Gather) -> None:
        """The process is gone and reaped: one report for all that crashed with it."""
        self._over(self)
        self.calls.close()
        services = tuple(self._services.values())
        blamed = self._services.get(self._process.blamed)
        self._services = {}
        remains = functools.partial(self._completed, exit_, gather)
        end_together(services, exit_, remains, self._around, blamed)

    # --- messages ------------------------------------------------------------------------------

    def _stage(self, message: wire.Staged) -> None:
        if (message.stage,) != FOLLOWING[len(self._staged) : len(self._staged) + 1]:
            raise BreachError(f"driver: expected the next launch stage, found {message.stage}")
        self._staged.append(message)
        if message.stage is Stage.LOCKED_DOWN:
            self._process.deadline.set(LOAD)
            self._confined(message)
        else:
            self._process.deadline.clear()
        for service in tuple(self._services.values()):
            service.staged(message.stage)

    def _concerns(self, target: int, message: wire.Attached | wire.Call) -> None:
        """Have a message's service take it; BreachError when it never had that one."""
        services = self._services.values()
        service = next((each for each in services if target in each.entries), None)
        if service is None and target not in self._left:
            raise BreachError(f"driver: expected a service of its own, found {target:#x}")
        if isinstance(message, wire.Call):
            carry_out = _gone if service is None else functools.partial(service.called, message)
            self.calls.answer(message, carry_out)
        elif service is not None:
            service.attached(message)

    # --- what holds for all --------------------------------------------------------------------

    def _judge(self, verdict: hang.Responding | hang.Late) -> None:
        news = [service.judged(verdict) for service in self._services.values()]
        if not isinstance(verdict, hang.Late):
            return
        if any(news):
            self._samples.late(self._process, verdict.queue)
        debugging = any(each.account.record.debugging for each in self._services.values())
        if verdict.hopeless and not debugging:
            said = f"{verdict.what} did not progress for a minute"
            self.kill(ExitHow.HANG, said, verdict.service)

    def _confined(self, staged: wire.Staged) -> None:
        """What holds the process, in every record; whom it may talk to changes with who is in."""
        paths = {each: each.account.record.provider_path for each in self._services.values()}
        for service, own in paths.items():
            beside = tuple(path for other, path in paths.items() if other is not service)
            told = confinement.fields(staged, self._outside, own, beside)
            service.account.change(**told, beside=beside[: confinement.SENTENCES])

    def _lose(self, service: UserService) -> None:
        """Go on without a service that has no part in the process any more."""
        del self._services[service.id]
        self._left |= service.entries
        for staged in self._staged[:1]:
            self._confined(staged)

    def _completed(self, exit_: Exit, gather: Gather) -> Remains:
        return self._samples.completed(exit_, gather())

    def _not_joined(self, service: UserService, why: str) -> None:
        said = f"provider socket: expected descriptors enough, found: {why}"
        if self.others(service):
            self._lose(service)
            exit_ = Exit(ExitHow.LAUNCH, 0, said)
            loop = asyncio.get_running_loop()
            loop.call_soon(end_together, [service], exit_, Remains, self._around)
        else:
            self.kill(ExitHow.LAUNCH, said)


def _gone() -> object:
    raise ReturnError(IOReturn.NOT_ATTACHED, "the service is gone")


def end_together(
    services: Iterable[UserService],
    exit_: Exit,
    gather: Gather,
    surroundings: Surroundings,
    blamed: UserService | None = None,
) -> None:
    """Tell services of the end of their process, or that there is none; one report for all.

    Where one is to blame it is told first, and it alone has crashed; else all of them have. No
    report: one that was being stopped is to blame, which is no crash.
    """
    name = blamed.account.record.name if blamed is not None else ""
    first = sorted(services, key=lambda service: service is not blamed)
    ends = [service.ended(exit_, "" if service is blamed else name) for service in first]
    there = tuple(record for record in ends if record is not None)
    if there and (blamed is None or ends[0] is not None):  # last: no restart waits for it
        surroundings.report(there, exit_, gather)
