"""One driver: a personality on a provider, across all its processes.

The state is `runtime.model.driver_lifecycle`'s, the restart policy `policy`'s, a process's
life `user_server`'s, its part in one `user_service`'s; this file decides what comes after each.
Runs in the event loop; nothing here blocks.
Invariant: at most one service at a time.
"""

import asyncio
import time

import msgspec

from runtime.model import events, intent
from runtime.model.driver_lifecycle import LIVE, DriverEvent, DriverState
from runtime.model.errors import ProblemError, ReturnError
from runtime.model.identity import EntryId
from runtime.model.intent import Aim, Intent
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit, ExitHow
from runtime.model.processes import NO_CALL, OpenCall
from runtime.model.records import Driver
from runtime.supervisor import policy as restart
from runtime.supervisor.account import Account
from runtime.supervisor.ports import DriverSpec, Surroundings
from runtime.supervisor.servers import Servers
from runtime.supervisor.user_server import UserServer
from runtime.supervisor.user_service import UserService
from runtime.wire import driver as wire


class SupervisedDriver:
    """A driver and whatever process runs it now."""

    def __init__(
        self,
        record: Driver,
        spec: DriverSpec,
        servers: Servers,
        policy: restart.RestartPolicy,
        surroundings: Surroundings,
    ) -> None:
        self.spec = spec
        self._account = Account(record, surroundings)
        self._servers = servers
        self._policy = policy
        self._around = surroundings
        self._aim = intent.NOTHING
        self._crashes_ns: tuple[int, ...] = ()
        self._service: UserService | None = None
        self._waiting: asyncio.TimerHandle | None = None  # for the delay before a restart
        self._start_error = ""
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
        self._start_error, self._aim = "", intent.NOTHING
        self._over.clear()
        self._account.change(service=self._around.attach(self.record, self.spec))
        self._service = UserService(self.spec, self._account, self._around, self)
        self._servers.serve(self.record.id, self._service)

    def relaunch(self, spec: DriverSpec) -> None:
        """Start a stopped driver again, on a provider that came back to the same place."""
        self.spec = spec
        self._account.change(provider=spec.provider, content_hash=spec.content_hash)
        self.launch()

    def stop(self, why: Intent, *, unplugged: bool = False, note: str = "") -> None:
        """Stop in order: Stop, grace, SIGKILL, reaped. Idempotent; what is higher holds.

        One in quarantine stays there, but for what is higher than that. `unplugged` says that the
        provider is gone: what is outstanding on it is aborted first. `note`: why it is to stay
        stopped though nothing else keeps it from running.
        """
        aim = intent.joined(self._aim, Aim(why, note))
        if self.record.state in LIVE:
            self._aim = aim
            self._stop_process(unplugged=unplugged)
        elif (event := intent.at_rest(aim, self.record.state)) is not None:
            self._over_by(event, aim)

    def restart(self) -> None:
        """Stop in order and start again; takes back a stop that had no reason but its note."""
        self._aim = intent.taken_back(self._aim)
        self.stop(Intent.RESTART)

    def crash(self) -> None:
        """Have the process dereference null."""
        if self._server is not None:
            self._server.crash()

    async def sample(self) -> tuple[wire.ThreadSample, ...]:
        """Where every thread of the process is now.

        Raises:
            ProblemError: ``wrong-state``: no process; ``silent``: it does not say.
        """
        if self._server is None:
            raise ProblemError(
                "wrong-state", f"driver {self.record.name}: expected a process, found none"
            )
        return await self._server.sample(self.record.name)

    async def open(
        self, client: EntryId, kind: int, entitlements: msgspec.Raw, program: int
    ) -> tuple[str, ...]:
        """See `ServiceCalls.open`; kIOReturnNotReady, too, while there is no process."""
        if self._service is None:
            raise ReturnError(IOReturn.NOT_READY, f"{self.record.name} does not run")
        return await self._service.calls.open(client, kind, entitlements, program)

    @property
    def service(self) -> UserService | None:
        """Its service, while there is one."""
        return self._service

    def oldest_call(self, now_ns: int) -> OpenCall:
        """What its process has not returned from for longest."""
        return NO_CALL if self._server is None else self._server.oldest_call(now_ns)

    def debug(self, descriptor: int) -> None:
        """Let a debugger speak with the process; its socket stays the caller's.

        Nobody judges whether the driver responds until the debugger has left.
        """
        if self._server is not None:
            self._server.debug(descriptor)

    def release(self) -> None:
        """End the quarantine: it is stopped, with a clean slate, and can be launched."""
        self._crashes_ns = ()
        self._account.advance(DriverEvent.RELEASED, note="")
        self._account.tell(events.Released(self.record.name))

    def returned(self, provider: EntryId) -> None:
        """What it is kept out of has come back to its place, as another entry."""
        self._account.change(provider=provider)

    async def wait_over(self) -> None:
        """Wait until no process is left and none will come by itself."""
        if self.record.state not in (DriverState.STOPPED, DriverState.QUARANTINED):
            await self._over.wait()

    @property
    def _server(self) -> UserServer | None:
        return None if self._service is None else self._service.server

    # --- user_service.Owner: what comes after a service ----------------------------------------

    def started(self, *, first: bool) -> None:
        """Start returned: be ready for the end of a process that is there for this driver."""
        if first:
            self._servers.prepare(self.record, self.spec)

    def refused(self, why: str) -> None:
        """Start returned an error: the next candidate may have the provider."""
        self._start_error = why

    def provider_lost(self) -> None:
        """The process is of no use without its provider, which another one can reach again."""
        self.stop(Intent.RESTART)

    def ended(self, exit_: Exit, because_of: str) -> Driver | None:
        """The service is over, or got no process: decide what comes next.

        Returns the record as it was until then, if its process has crashed.
        """
        self._service = None
        died = self.record
        self._around.detach(died)
        self._account.change(pid=0, service=0, last_exit=exit_, debugging=False, beside=())
        if self.record.state is DriverState.STOPPING:
            self._stopped(died.pid)
        elif self._start_error and exit_.how is ExitHow.STOPPED:
            self._account.advance(DriverEvent.REAPED, note=self._start_error)
            self._end()
        elif because_of:
            self._account.tell(events.TakenAlong(died.name, died.pid, because_of))
            self._account.advance(DriverEvent.EXITED)
            self.launch()
            return died
        else:
            self._crashed(died, exit_)
            self._around.crashed(died, self.spec)
            return died
        return None

    def _stopped(self, pid: int) -> None:
        self._account.tell(events.Stopped(self.record.name, pid))
        after = intent.after(self._aim)
        if after is DriverEvent.EXITED:
            self._account.advance(after)
            self.launch()
        else:
            self._over_by(after, self._aim)

    def _crashed(self, died: Driver, exit_: Exit) -> None:
        now = time.monotonic_ns()
        self._crashes_ns = (*restart.recent(self._policy, self._crashes_ns, now), now)
        self._account.change(crashes=self.record.crashes + 1)
        self._account.tell(events.Crashed(self.record.name, died.pid, exit_))
        decision = restart.decide(self._policy, self._crashes_ns, now)
        if isinstance(decision, restart.Quarantine):
            note = f"crashed {decision.crashes} times; waits until somebody releases it"
            self._account.advance(DriverEvent.KEPT_OUT, note=note)
            self._account.tell(events.Quarantined(self.record.name, decision.crashes))
            self._end()
            return
        self._account.advance(DriverEvent.EXITED)
        self._account.tell(events.Restarting(self.record.name, decision.delay_ms))
        if decision.delay_ms:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(decision.delay_ms / 1000, self.launch)
        else:
            self.launch()

    def _stop_process(self, *, unplugged: bool) -> None:
        if self.record.state is DriverState.STOPPING:
            return
        self._account.advance(DriverEvent.STOP_ASKED)
        assert self._service is not None
        if self._service.server is None:
            self._servers.withdraw(self._service)
        else:
            self._service.stop(unplugged=unplugged)

    def _over_by(self, event: DriverEvent, aim: Aim) -> None:
        """It has no process and wants none, because somebody or something asked for that."""
        note = aim.note or self.record.note
        self._account.advance(event, note=note)
        if event is DriverEvent.KEPT_OUT:
            self._account.tell(events.Quarantined(self.record.name, 0, note))
        self._end()

    def _end(self) -> None:
        self._aim = intent.NOTHING
        self._servers.release(self.record.id, self.spec)
        if self._waiting is not None:
            self._waiting.cancel()
        self._over.set()
        self._around.ended(self.record)
