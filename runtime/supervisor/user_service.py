"""One driver's service in its process: attached, started, judged, stopped.

The driver's record is kept by `account`, the process by `user_server`; what comes after the
service is its owner's to decide. Runs in the event loop; nothing here blocks.
Invariant: the owner is told of the end exactly once, after everything that was open is closed.
"""

import asyncio
from typing import TYPE_CHECKING, Protocol

from runtime.model import events, words
from runtime.model.driver_lifecycle import DriverEvent, DriverState
from runtime.model.errors import BreachError
from runtime.model.identity import EntryId
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.records import Driver
from runtime.supervisor import hang
from runtime.supervisor.account import Account
from runtime.supervisor.deadline import REGISTER_SECONDS, START, STOP, Deadline
from runtime.supervisor.ports import DriverSpec, ProviderSession, Surroundings
from runtime.supervisor.service_calls import ServiceCalls
from runtime.wire import driver as wire
from runtime.wire import methods
from runtime.wire import service as service_wire

if TYPE_CHECKING:
    from runtime.supervisor.user_server import UserServer


class Owner(Protocol):
    """Whose service it is."""

    def started(self, *, first: bool) -> None:
        """Start returned success; `first`: the process was made for this service."""

    def refused(self, why: str) -> None:
        """Start returned an error: no crash, the service ends in order."""

    def provider_lost(self) -> None:
        """The process cannot reach its provider any more."""

    def ended(self, exit_: Exit, because_of: str) -> Driver | None:
        """It is over, its provider's session closed; the record until then if it crashed.

        `because_of`: the driver in the same process that alone is to blame; empty: no other one.
        """


class UserService:
    """A service of a driver, from the process that it gets to its end.

    Attributes:
        id: Of its entry.
        entries: Of it, its nubs and its user clients, those that are gone included.
        spec: What it is.
        account: The driver's record.
        server: The process that it is in; None until there is one.
        calls: What the runtime asks of it while it runs.
    """

    def __init__(
        self, spec: DriverSpec, account: Account, surroundings: Surroundings, owner: Owner
    ) -> None:
        self.id = EntryId(account.record.service)
        self.entries = {int(self.id)}
        self.spec = spec
        self.account = account
        self.server: UserServer | None = None
        self.calls = ServiceCalls(self)
        self._around = surroundings
        self._owner = owner
        self._session: ProviderSession | None = None
        self._attached = self._serving = False
        self._registering: asyncio.TimerHandle | None = None  # from Start until it has
        self._deadline = Deadline(self._late)

    # --- what its owner asks -------------------------------------------------------------------

    def stop(self, *, unplugged: bool) -> None:
        """Stop, free, grace, SIGKILL.

        One whose Start has not returned is killed at once where it has the process for itself.
        """
        assert self.server is not None
        if unplugged and self._session is not None:
            self._session.close()
        self._deadline.set(STOP)
        if self.account.reached(Stage.STARTED) or (self._attached and self.server.others(self)):
            self.server.calls.ask(self.id, methods.Stop(), self._stopped, self._not_stopped)
        elif self._attached or not self.server.others(self):
            self.server.kill(ExitHow.STOPPED, "")
        else:
            asyncio.get_running_loop().call_soon(self._stopped)

    # --- what its process tells ----------------------------------------------------------------

    def enter(self, server: "UserServer") -> None:
        """Be in a process, which may have come some way already.

        Raises:
            OSError: No descriptor is left for the provider's session.
        """
        self.server = server
        self.account.reach(Stage.FORKED, pid=server.pid)
        self._session = self.spec.open_session(self)  # a broker takes as long as loading does

    def staged(self, stage: Stage) -> None:
        """The process has reached a launch stage."""
        self.account.reach(stage)
        if stage is Stage.LOADED:
            self._start()

    def attached(self, message: wire.Attached) -> None:
        """It was made; BreachError when it is not the time for that."""
        if not self._attached or self._serving:
            raise BreachError("driver: expected Attached once, found another")
        self._serving = True
        self._around.serving(self.account.record, message.classes)

    def called(self, call: wire.Call) -> object:
        """Carry out a call of its own entry or a nub's; the result.

        Raises:
            BreachError: It may not say that.
            ReturnError: It is refused.
        """
        if not self._serving or not isinstance(call.method, methods.ServiceMethod):
            name = type(call.method).__name__
            raise BreachError(f"driver: expected a method of its own entry, found {name}")
        result = self._around.service_call(self.account.record, EntryId(call.target), call.method)
        if isinstance(call.method, service_wire.Create):
            assert isinstance(result, int)
            self.entries.add(result)
        elif isinstance(call.method, methods.RegisterService) and call.target == self.id:
            self._registered()
        return result

    def progressed(self, pulse: wire.Pulse) -> None:
        """What its Default queue does may give it more time."""
        quiet_us = hang.progress(pulse, self.id)
        if quiet_us is not None:
            self._deadline.extend(quiet_us)

    def judged(self, verdict: hang.Responding | hang.Late) -> bool:
        """The process responds or is late; whether that it is late is news."""
        if self.account.record.debugging:
            return False
        if isinstance(verdict, hang.Late):
            return self.account.late(verdict)
        self.account.responds()
        return False

    def debugged(self, *, on: bool) -> None:
        """A debugger came or left: nobody is judged while it is there."""
        if on and self.account.state is DriverState.STARTING:
            self._deadline.clear()
        self.account.change(debugging=on)
        self._log("a debugger was attached" if on else "the debugger has left")

    def ended(self, exit_: Exit, because_of: str = "") -> Driver | None:
        """It is over, with or without its process; see `Owner.ended`."""
        self._deadline.clear()
        if self._session is not None:
            self._session.close()
        if self._registering is not None:
            self._registering.cancel()
        return self._owner.ended(exit_, because_of)

    # --- ports.SessionEnd ----------------------------------------------------------------------

    def provider_lost(self, why: str) -> None:
        """Every call to the provider fails from now on."""
        self._log(why)
        self._owner.provider_lost()

    def breached(self, what: str) -> None:
        """End the process for what it sent to this provider."""
        assert self.server is not None
        self.server.kill(ExitHow.BREACH, what, self.id)

    # --- its life ------------------------------------------------------------------------------

    def _start(self) -> None:
        """Have it attached to its provider, which the process learns of now, and started."""
        assert self.server is not None
        if self._session is None or self.account.state is DriverState.STOPPING:
            return  # it said so with its last breath, and the provider may be gone
        decision = self.spec.entitled()
        if not decision.allowed:
            self._refuse(f"not started: {words.denial(decision)}")
            return
        self.account.reach(Stage.ENTITLED)
        self._deadline.set(START)
        self._attached = True
        self._session.send_with(self._attach)
        self.server.calls.ask(self.id, methods.Start(), self._started, self._start_failed)

    def _attach(self, provider: int) -> None:
        assert self.server is not None
        spec = self.spec
        message = wire.Attach(
            self.id,
            spec.provider,
            spec.provider_class,
            spec.provider_name,
            spec.properties,
            spec.provider_properties,
            spec.name,
            spec.provider_classes,
            spec.direct,
        )
        self.server.attach(message, provider)

    def _started(self) -> None:
        if self.account.state is DriverState.STOPPING:
            return
        assert self.server is not None
        self._deadline.clear()
        self.account.advance(DriverEvent.STARTED)
        self.account.reach(Stage.STARTED)
        if not self.account.reached(Stage.REGISTERED):
            loop = asyncio.get_running_loop()
            self._registering = loop.call_later(REGISTER_SECONDS, self._not_registered)
        record = self.account.record
        self.account.tell(events.Started(record.name, record.pid, record.launch[-1].after_us))
        self._around.started(record)
        self._owner.started(first=self.server.is_first(self))

    def _start_failed(self, code: int, text: str) -> None:
        self._attached = False
        self._refuse(f"Start failed: {text or f'kern_return_t {code:#010x}'}")

    def _refuse(self, why: str) -> None:
        """Have it end in order; it is no crash."""
        assert self.server is not None
        self._log(why)
        self._owner.refused(why)
        self._deadline.clear()
        self.server.dismiss(self)

    def _stopped(self) -> None:
        assert self.server is not None
        self._deadline.clear()
        self.server.dismiss(self)

    def _not_stopped(self, code: int, text: str) -> None:
        """Stop failed, which DriverKit treats as stopped."""
        del code, text
        self._stopped()

    def _late(self, how: ExitHow, detail: str) -> None:
        """A limit has passed: the process ends, with all that are in it."""
        assert self.server is not None
        if self.server.others(self):
            how, detail = ExitHow.HANG, f"{detail} ({self.account.record.provider_path})"
        self.server.kill(how, detail, self.id)

    def _registered(self) -> None:
        if not self.account.reached(Stage.REGISTERED):
            self.account.reach(Stage.REGISTERED)
        if self._registering is not None:
            self._registering.cancel()

    def _not_registered(self) -> None:
        said = f"RegisterService was not called within {REGISTER_SECONDS:.0f} s after Start"
        self._log(f"{said}: nobody can match on it")

    def _log(self, text: str) -> None:
        self._around.log(self.account.record, "runtime", text)
