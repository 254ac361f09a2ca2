"""Programs at drivers' services: who may open one, and the entries that show them.

What a program and a driver say to each other does not pass here.
Source: xnu IOUserServer.cpp (IOUserUserClient::start), IOUserClient's IOUserClientCreator.
Runs in the event loop.
Invariant: a user client's entry is below its driver's service, and goes with it.
"""

from pathlib import Path

from runtime.engine.bundles import Bundles
from runtime.engine.connection import Beside
from runtime.engine.hub import Hub
from runtime.engine.worker import Identify
from runtime.engine.workers import Workers
from runtime.extensions import entitlements
from runtime.extensions.program import Program
from runtime.linux.sockets import Peer, seqpacket_pair
from runtime.model import properties, words
from runtime.model.entry import Kind, State
from runtime.model.errors import ReturnError
from runtime.model.identity import EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.properties import Properties
from runtime.registry.tree import Registry
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.commands.services import Opened, OpenService

CREATOR = "IOUserClientCreator"
MOST = 64  # user clients of one driver; its nubs are counted for themselves


class UserClients:
    """Opens drivers' services for programs."""

    def __init__(
        self,
        registry: Registry,
        hub: Hub,
        bundles: Bundles,
        supervisor: Supervisor,
        workers: Workers,
        *,
        state_dir: Path,
    ) -> None:
        self._registry = registry
        self._hub = hub
        self._bundles = bundles
        self._supervisor = supervisor
        self._workers = workers
        self._state_dir = state_dir
        self._clients: set[EntryId] = set()
        registry.tell_gone(lambda gone: self._clients.discard(gone.id))

    async def open(self, command: OpenService, peer: Peer) -> Opened | Beside:
        """Open a service for the program at the other end of a connection.

        Raises:
            ProblemError: ``gone``: the program has ended.
        """
        try:
            driver = self._find(command.entry)
            developer = self._hub.status.developer
            job = Identify(peer.pid, peer.started, str(self._state_dir), developer)
            program = await self._workers.identify(job)
            granted = self._check(driver, program, peer)
            return await self._open(driver, command, program.name, granted)
        except ReturnError as error:
            return Opened(EntryId(0), error.code, error.text)

    def _find(self, entry: EntryId) -> SupervisedDriver:
        for driver in self._supervisor:
            if driver.record.service == entry:
                return driver
        raise ReturnError(
            IOReturn.NOT_FOUND, f"entry {entry:#x}: expected a driver extension's service"
        )

    def _check(self, driver: SupervisedDriver, program: Program, peer: Peer) -> Properties:
        """The program's entitlements, with what the system adds; ReturnError if it may not."""
        granted = properties.decode(program.entitlements)
        bundle = self._bundles.get(driver.record.bundle_id)
        own = {} if bundle is None else bundle.entitlements
        decision = entitlements.check_user_client(granted, own, driver.record.bundle_id)
        if not decision.allowed:
            why = f" ({program.why_none})" if program.why_none else ""
            text = (
                f"{program.name} may not open {driver.record.name}: {words.denial(decision)}{why}"
            )
            self._hub.note(text)
            raise ReturnError(IOReturn.NOT_PERMITTED, text)
        if peer.uid == 0:
            granted[entitlements.ADMINISTRATOR] = True
        return {**granted, CREATOR: f"pid {peer.pid}, {program.name}"}

    async def _open(
        self, driver: SupervisedDriver, command: OpenService, name: str, granted: Properties
    ) -> Beside:
        # The service may have gone while the program was looked at.
        if self._registry.get(command.entry) is None:
            raise ReturnError(IOReturn.NOT_ATTACHED, f"{driver.record.name} has gone meanwhile")
        if len(self._clients.intersection(self._registry.children(command.entry))) >= MOST:
            raise ReturnError(
                IOReturn.NO_RESOURCES, f"{driver.record.name}: {MOST} programs have it open"
            )
        try:
            ours, theirs = seqpacket_pair()
        except OSError as error:
            raise ReturnError(IOReturn.NO_RESOURCES, f"socket: {error.strerror}") from error
        entry = self._attach(driver, command.entry, granted)
        try:
            with theirs:
                classes = await driver.open(
                    entry, command.kind, properties.encode(granted), theirs.fileno()
                )
        except ReturnError:
            ours.close()
            self._remove(entry)
            raise
        if self._registry.get(entry) is not None:
            self._registry.update(entry, user_classes=classes, state=int(State.MATCHED))
        self._hub.note(f"{name} opened {driver.record.name}")
        return Beside(Opened(entry), ours.detach())

    def _attach(self, driver: SupervisedDriver, service: EntryId, granted: Properties) -> EntryId:
        table = properties.decode(driver.spec.properties).get("UserClientProperties")
        described = table if isinstance(table, dict) else {}
        client = self._registry.attach(
            service,
            str(described.get("IOUserClass", "IOUserClient")),
            str(described.get("IOClass", "IOUserUserClient")),
            kind=Kind.NUB,
            driver=driver.record.bundle_id,
            pid=driver.record.pid,
            props={**described, CREATOR: granted[CREATOR]},
            state=State(0),
        )
        self._clients.add(client)
        return client

    def _remove(self, entry: EntryId) -> None:
        if self._registry.get(entry) is not None:
            self._registry.terminate(entry)
