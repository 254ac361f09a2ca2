"""The composition root: builds the runtime's parts, connects them, serves, and ends in order.

Invariant: the only place that constructs the parts of a runtime.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.engine.activation import Activation
from runtime.engine.authority import Authority, OwnersAuthority
from runtime.engine.binding import Binding
from runtime.engine.broker_entries import BrokerEntries
from runtime.engine.bundles import Bundles
from runtime.engine.commands import Commands
from runtime.engine.connection import ClientConnection
from runtime.engine.crash_reports import CrashReports
from runtime.engine.debugging import Doors
from runtime.engine.decisions import Decisions
from runtime.engine.devices import Devices
from runtime.engine.driver_commands import DriverCommands
from runtime.engine.explaining import Explaining
from runtime.engine.held import HeldInterfaces
from runtime.engine.hid_interfaces import HidInterfaces
from runtime.engine.hub import Hub
from runtime.engine.keeper import Keeper
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.listener import Listener
from runtime.engine.logbook import Logbook
from runtime.engine.module_watch import ModuleWatch
from runtime.engine.own_entries import OwnEntries
from runtime.engine.plugging import Plugging
from runtime.engine.power import PowerTree
from runtime.engine.processes import ProcessReader
from runtime.engine.published import Published
from runtime.engine.settings import Settings
from runtime.engine.simulation import Simulation
from runtime.engine.status import first_status
from runtime.engine.surroundings import DriverSurroundings
from runtime.engine.taking import Taking
from runtime.engine.uio_devices import UioDevices
from runtime.engine.usb_interfaces import UsbInterfaces
from runtime.engine.user_clients import UserClients
from runtime.engine.watches import Watches
from runtime.engine.workers import Workers
from runtime.linux import places
from runtime.linux.sockets import Peer, peer_credentials
from runtime.model.errors import UnavailableError
from runtime.model.events import Began, Noted
from runtime.model.records import Mode
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.registry.thinning import Thinning
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Brokers
from runtime.supervisor.crash_folder import CrashFolder
from runtime.supervisor.groups import NO_GROUPS, service_groups
from runtime.supervisor.pace import Pace
from runtime.supervisor.policy import ALWAYS_AT_ONCE, RestartPolicy
from runtime.supervisor.supervisor import Supervisor
from runtime.supervisor.zygote import Zygote

if TYPE_CHECKING:
    from runtime.linux.sleep import SleepWatch

SETTLE_SECONDS = 0.5  # between counts of dropped log lines


class Runtime:
    """One runtime, from its start to its end. All methods in one event loop."""

    def __init__(self, settings: Settings) -> None:
        """Build everything; nothing runs yet.

        Raises:
            UnavailableError: The state folder's databases or crash reports cannot be used.
        """
        self._settings = settings
        self._over = asyncio.Event()
        self._ending = contextlib.ExitStack()  # of what only some runtimes have
        self._detached = settings.owner < 0
        self._journal = journal = Journal(settings.state_dir / "journal.sqlite")
        status = first_status(settings)
        segments = journal.segments()
        history = History(segments, status.run)
        self._hub = hub = Hub(
            status,
            journal,
            history,
            socket_approval=settings.allow_socket_approval or settings.mode is Mode.SYSTEM,
        )
        self._keeper = Keeper(journal, history, hub.note, hub.withdraw, Thinning(segments))
        registry = Registry(time.monotonic_ns, self._hub.registry_changed)
        self._hub.use_registry(registry)
        self._workers = Workers()
        self._bundles = Bundles()
        self._devices = Devices(registry, self._hub, self._workers)
        simulation = Simulation(registry, self._hub, self._devices.machine.resources)
        kernel = KernelDrivers(settings.state_dir)
        machine = self._devices.machine
        self._usb = UsbInterfaces(registry, machine)
        watches = Watches(registry, kernel)
        published = Published(registry, self._bundles, watches)
        of_machine = (self._usb, HidInterfaces(registry, machine), UioDevices(registry, machine))
        families = (simulation, *of_machine, published)
        parts = (registry, self._hub, families, self._bundles, kernel)
        self._binding = Binding(*parts, taking=Taking(machine.syspath, hub.note))
        self._devices.follow(self._binding)
        self._modules = ModuleWatch(
            kernel, self._workers, settings.state_dir, self._binding.rematch, self._note
        )
        self._activation = Activation(
            settings.state_dir, self._hub, self._binding, self._bundles, self._workers
        )
        self._logbook = logbook = Logbook(time.time_ns, self._hub.log)
        self._crashes = CrashReports(
            CrashFolder(settings.state_dir / "crashes"),
            logbook,
            status.version,
            self._workers,
            self._note,
            state_dir=str(settings.state_dir),
        )
        self._doors = Doors(settings.socket_path.parent)
        power = PowerTree(registry, hub)
        self._sleep = self._sleep_watch(power)
        own_entries = OwnEntries(registry, published, watches, power)
        surroundings = DriverSurroundings(
            registry,
            self._devices.machine,
            self._hub,
            logbook,
            own=own_entries,
            on_ended=self._binding.driver_ended,
            on_changed=self._activation.driver_changed,
            on_crashed=self._crashes.crashed,
        )
        policy = ALWAYS_AT_ONCE if settings.restart_at_once else RestartPolicy()
        zygote, pace = Zygote(self._note), Pace()
        self._bundles.use(zygote)
        self._held = HeldInterfaces(settings.state_dir / "held-interfaces", self._note)
        entries = BrokerEntries(registry, self._held, self._note)
        self._brokers = brokers = Brokers(zygote, policy, entries, pace)
        groups = service_groups() if settings.mode is Mode.SYSTEM else NO_GROUPS
        self._supervisor = Supervisor(zygote, policy, surroundings, groups, pace)
        self._binding.use(self._supervisor, brokers, self._activation.takeovers)
        published.use(self._supervisor, self._binding)
        for part in (watches, power, own_entries):
            part.use(self._supervisor)
        self._commands = Commands(
            self._hub,
            self._authority(),
            self._driver_commands(brokers),
            self._devices,
            Plugging(registry, simulation, self._binding, self._supervisor, brokers, self._workers),
            self._binding,
            self._supervisor,
            brokers,
            Decisions(hub, self._activation),
            self._workers,
            self._keeper,
            Explaining(registry, self._binding, kernel, self._activation.idle),
            UserClients(
                registry,
                hub,
                self._bundles,
                self._supervisor,
                self._workers,
                state_dir=settings.state_dir,
            ),
            self.end,
        )
        self._listener = Listener(
            settings.socket_path,
            self._accept,
            hub.clients,
            everybody=settings.mode is Mode.SYSTEM,
        )
        self._settling: asyncio.TimerHandle | None = None

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `end` is called or the owner is gone, then stop everything in order.

        `ready` is called once, when clients are taken.

        Raises:
            UnavailableError: The socket is taken, or its folder cannot be written.
        """
        self._devices.start()
        self._supervisor.start()
        self._hub.event(Began(self._hub.status.run, self._hub.status.version))
        if self._journal.repaired:
            self._note(self._journal.repaired)
        try:
            self._listener.open()
            self._serve_owner()
            self._keeper.start()
            self._modules.start()
            self._settle()
            await self._activation.start()
            if self._sleep is not None:
                self._sleep.start()
            for place in self._usb.places(self._held.left):
                self._brokers.restore(place)
            self._workers.start()
            ready()
            await self._over.wait()
        finally:
            await self._close()

    def end(self) -> None:
        """Leave `run` in order; idempotent."""
        self._over.set()

    async def _close(self) -> None:
        self._modules.close()
        if self._sleep is not None:
            await self._sleep.close()
        await self._commands.stop()
        await self._crashes.close()
        await self._workers.close()
        self._devices.close()
        self._listener.close()
        for connection in self._hub.connections():
            connection.close("runtime ended")
        if self._settling is not None:
            self._settling.cancel()
        self._doors.close()
        self._ending.close()
        self._activation.close()
        self._bundles.close()
        self._keeper.close()

    def _driver_commands(self, brokers: Brokers) -> DriverCommands:
        return DriverCommands(
            self._hub,
            self._logbook,
            self._binding,
            self._supervisor,
            ProcessReader(self._supervisor, brokers, self._workers),
            self._crashes.folder,
            self._doors,
        )

    def _authority(self) -> Authority:
        if self._settings.mode is not Mode.SYSTEM:
            return OwnersAuthority(self._hub)
        # D-Bus takes 25 ms to import: only who needs it does.
        from runtime.engine.administrators import AdministratorsAuthority  # noqa: PLC0415
        from runtime.linux.bus import Bus  # noqa: PLC0415

        bus = Bus()
        self._ending.callback(bus.close)
        return AdministratorsAuthority(
            self._hub,
            bus,
            self._activation.removable_by,
            self._activation.approved_for,
            self._activation.audit.record_once,
        )

    def _sleep_watch(self, power: PowerTree) -> "SleepWatch | None":
        """Who follows the machine's sleep; nobody for a user's runtime where there is no D-Bus."""
        if self._settings.mode is not Mode.SYSTEM and not places.has_system_bus():
            return None
        from runtime.linux.sleep import SleepWatch  # noqa: PLC0415

        return SleepWatch(power.sleep, power.wake, self._note)

    def _serve_owner(self) -> None:
        if self._settings.owner < 0:
            return
        try:
            sock = socket.socket(fileno=self._settings.owner)
        except OSError as error:
            raise UnavailableError(
                f"owner's descriptor {self._settings.owner}: expected an inherited socket, "
                f"found: {error.strerror}"
            ) from error
        sock.set_inheritable(False)
        self._accept(sock, peer_credentials(sock), owner=True)

    def _accept(self, sock: socket.socket, peer: Peer, *, owner: bool = False) -> None:
        connection = ClientConnection(
            sock, peer, self._commands.handle, self._disconnected, owner=owner
        )
        self._hub.connected(connection)

    def _disconnected(self, connection: ClientConnection) -> None:
        self._hub.disconnected(connection)
        if connection.owner:
            self.end()  # end of file on the owner's pair: orderly stop

    def _note(self, text: str) -> None:
        self._hub.event(Noted(text))

    def _settle(self) -> None:
        self._logbook.settle()
        loop = asyncio.get_running_loop()
        self._settling = loop.call_later(SETTLE_SECONDS, self._settle)
