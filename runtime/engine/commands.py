"""What clients may ask for, and who may ask for what.

Runs in the event loop; each command is a task of its connection.
Invariant: every command is answered exactly once, and decisions only with authority.
"""

from collections.abc import Callable

from runtime.engine.authority import Authority
from runtime.engine.binding import Binding
from runtime.engine.connection import ClientConnection
from runtime.engine.decisions import Decisions
from runtime.engine.devices import Devices
from runtime.engine.driver_commands import DriverCommands
from runtime.engine.explaining import Explaining
from runtime.engine.hub import Hub
from runtime.engine.keeper import Keeper
from runtime.engine.plugging import Plugging
from runtime.engine.requesters import user_name
from runtime.engine.samples import install_sample
from runtime.engine.user_clients import UserClients
from runtime.engine.workers import Workers
from runtime.model.errors import ProblemError
from runtime.model.identity import EntryId
from runtime.supervisor.brokers import Brokers
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.commands import Command
from runtime.wire.commands.audit import CollectGarbage, ReadAudit, Reset, Shown
from runtime.wire.commands.devices import Plug, PlugRecorded, Unplug, UnplugEntry
from runtime.wire.commands.drivers import (
    CrashDriver,
    DebugDriver,
    ListCrashes,
    QuarantineDriver,
    ReadCrash,
    ReadLog,
    ReadProcesses,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
)
from runtime.wire.commands.extensions import (
    Activate,
    Deactivate,
    Decide,
    InstallSample,
    ReadIcon,
    RequestRemoval,
    Revoke,
    SetDeveloperMode,
    Submit,
    Undo,
    Withdraw,
)
from runtime.wire.commands.lifetime import Detach, Quit
from runtime.wire.commands.policy import AddProfile, ListProfiles, RemoveProfile
from runtime.wire.commands.registry import (
    Describe,
    Details,
    Explain,
    ExplainExtension,
    GetRecords,
    ReadHistory,
    ReadValue,
    Records,
    Subscribe,
)
from runtime.wire.commands.services import OpenService
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust


class Commands:
    """Carries out every command of `runtime.wire.commands`."""

    def __init__(  # noqa: PLR0917 - the one place that reaches every part of the runtime
        self,
        hub: Hub,
        authority: Authority,
        drivers: DriverCommands,
        devices: Devices,
        plugging: Plugging,
        binding: Binding,
        supervisor: Supervisor,
        brokers: Brokers,
        decisions: Decisions,
        workers: Workers,
        keeper: Keeper,
        explaining: Explaining,
        user_clients: UserClients,
        quit_: Callable[[], None],
    ) -> None:
        self._hub = hub
        self._authority = authority
        self._drivers = drivers
        self._devices = devices
        self._plugging = plugging
        self._binding = binding
        self._supervisor = supervisor
        self._brokers = brokers
        self._decisions = decisions
        self._workers = workers
        self._keeper = keeper
        self._explaining = explaining
        self._user_clients = user_clients
        self._quit = quit_

    async def handle(self, client: ClientConnection, command: Command) -> object:
        """Carry out one command; the result is of its RESULT type.

        Raises:
            ProblemError: It is refused.
        """
        await self._authority.require(client, command)
        result: object = None
        match command:
            case Subscribe(topics=topics):
                self._hub.subscribe(client, self._authority.topics(client, topics))
            case GetRecords():
                result = self._records(client)
            case Describe() | ReadHistory() | ReadValue() | Explain() | ExplainExtension():
                result = await self._look_up(command)
            case (
                Activate()
                | Submit()
                | Withdraw()
                | RequestRemoval()
                | ReadIcon()
                | Shown()
                | ReadAudit()
                | ListTrust()
                | ListProfiles()
            ):
                result = await self._decisions.ask(command, client.peer)
            case (
                Decide()
                | Deactivate()
                | Revoke()
                | Undo()
                | SetDeveloperMode()
                | AddTrust()
                | RemoveTrust()
                | AddProfile()
                | RemoveProfile()
                | Reset()
                | CollectGarbage()
            ):
                result = await self._decisions.decide(command, client)
            case Plug() | PlugRecorded() | Unplug() | UnplugEntry():
                result = await self._plugging.carry_out(command, client.peer.uid)
            case (
                CrashDriver()
                | RestartDriver()
                | StopDriver()
                | QuarantineDriver()
                | ReleaseDriver()
            ):
                result = self._drivers.steer(command, user_name(client.peer.uid))
            case (
                DebugDriver()
                | ReadLog()
                | ReadProcesses()
                | SampleDriver()
                | ListCrashes()
                | ReadCrash()
            ):
                result = await self._drivers.look(command, client.peer.uid)
            case OpenService():
                result = await self._user_clients.open(command, client.peer)
            case InstallSample():
                result = install_sample(client.peer.uid, keep=command.keep)
            case Quit():
                await self.stop()
                self._quit()
            case Detach():
                client.owner = False
        return result

    async def stop(self) -> None:
        """Stop all drivers and have their devices given back; wait until all are reaped."""
        self._binding.hold()
        await self._supervisor.stop_all()
        await self._brokers.close()
        await self._supervisor.close()

    def _records(self, client: ClientConnection) -> Records:
        source = self._hub.source
        return Records(
            self._hub.status_for(client),
            tuple(source.drivers.values()),
            tuple(source.extensions.values()),
            tuple(source.requests.values()),
        )

    async def _look_up(
        self, command: Describe | ReadHistory | ReadValue | Explain | ExplainExtension
    ) -> object:
        match command:
            case Describe(entry=entry):
                return await self._describe(entry)
            case ReadValue():
                raise ProblemError("not-found", "expected a value that was cut, found none")
            case ReadHistory(at_ms=at_ms, segment=segment, after=after):
                return await self._keeper.page(at_ms, segment, after)
            case Explain(entry=entry):
                return self._explaining.entry(entry)
            case ExplainExtension(bundle_id=bundle_id):
                return self._explaining.extension(bundle_id)

    async def _describe(self, entry: EntryId) -> Details:
        device = self._devices.machine.device_of(entry)
        if device is None:
            return self._explaining.described(entry)
        return await self._workers.describe(device)
