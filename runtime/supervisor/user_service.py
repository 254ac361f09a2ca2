"""One driver's service in its process: attached, started, judged, stopped.

The driver's record is kept by `account`, the process by `user_server`; what comes after the
service is its owner's to decide. Runs in the event loop; nothing here blocks.
Invariant: the owner is told of the end exactly once, after everything that was open is closed.
"""

import asyncio
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec

from runtime.model import events, words
from runtime.model.driver_lifecycle import DriverEvent, DriverState
from runtime.model.errors import BreachError, ReturnError
from runtime.model.identity import EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.records import Driver
from runtime.supervisor import hang
from runtime.supervisor.account import Account
from runtime.supervisor.deadline import REGISTER_SECONDS, START, STOP, Deadline
from runtime.supervisor.ports import DriverSpec, ProviderSession, Surroundings
from runtime.wire import codec, limits, methods
from runtime.wire import driver as wire

if TYPE_CHECKING:
    from runtime.supervisor.user_server import UserServer

_chain: codec.Decoder[tuple[str, ...]] = codec.Decoder(
    Annotated[tuple[limits.Name, ...], msgspec.Meta(max_length=limits.FRAMES)],
    "driver's class chain",
)


class Owner(Protocol):
    """Whose service it is."""

    def started(self, *, first: bool) -> None:
        """Start returned success; `first`: the process was made for this service."""

    def refused(self, why: str) -> None:
        """Start returned an error: no crash, the service ends in order."""

    def provider_lost(self) -> None:
        """The process cannot reach its provider any more."""

    def ended(self, exit_: Exit) -> Driver | None:
        """It is over, its provider's session closed; the record until then if it crashed."""


class UserService:
    """A service of a driver, from the process that it gets to its end.

    Attributes:
        id: Of its entry.
        spec: What it is.
        account: The driver's record.
        server: The process that it is in; None until there is one.
    """

    def __init__(
        self, spec: DriverSpec, account: Account, surroundings: Surroundings, owner: Owner
    ) -> None:
        self.id = account.record.service
        self.spec = spec
        self.account = account
        self.server: UserServer | None = None
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

    async def open(
        self, client: EntryId, kind: int, entitlements: msgspec.Raw, program: int
    ) -> tuple[str, ...]:
        """Have it opened for a program, whose socket stays the caller's; the class chain.

        Args:
            client: The entry of the user client.
            kind: What the program asks for.
            entitlements: Of the program.
            program: The driver's end of a pair with it.

        Raises:
            ReturnError: The driver refused or ended; kIOReturnNotReady: it has not started.
        """
        if self.server is None or not self.account.reached(Stage.STARTED):
            raise ReturnError(IOReturn.NOT_READY, f"{self.spec.name} has not started")
        method = methods.NewUserClient(client, kind, entitlements)
        return _chain(await self.server.calls.open(self.id, method, program))

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

    def received(self, message: wire.Attached | wire.Call) -> None:
        """Take a message that concerns this service; BreachError refuses it."""
        if not self._attached or self._serving is isinstance(message, wire.Attached):
            raise BreachError(f"driver: expected Attached once, found {type(message).__name__}")
        if isinstance(message, wire.Attached):
            self._serving = True
            self._around.serving(self.account.record, message.classes)
            return
        if not isinstance(message.method, methods.ServiceMethod):
            name = type(message.method).__name__
            raise BreachError(f"driver: expected a method of its own entry, found {name}")
        self._around.service_call(self.account.record, message.method)
        if isinstance(message.method, methods.RegisterService):
            self._registered()

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

    def ended(self, exit_: Exit) -> Driver | None:
        """It is over, with or without its process; the record until then if it crashed."""
        self._deadline.clear()
        if self._session is not None:
            self._session.close()
        if self._registering is not None:
            self._registering.cancel()
        return self._owner.ended(exit_)

    # --- ports.SessionEnd ----------------------------------------------------------------------

    def provider_lost(self, why: str) -> None:
        """Every call to the provider fails from now on."""
        self._log(why)
        self._owner.provider_lost()

    def breached(self, what: str) -> None:
        """End the process for what it sent to this provider."""
        assert self.server is not None
        self.server.kill(ExitHow.BREACH, what)

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
        self.server.kill(how, detail)

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
