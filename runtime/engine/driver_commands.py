"""The commands about running drivers: end, start, look into, debug, crash reports, logs.

Runs in the event loop; who may ask is `commands`' concern.
Invariant: a command that a driver's state does not allow changes nothing.
"""

import socket

from runtime.engine.binding import Binding
from runtime.engine.debugging import Doors
from runtime.engine.hub import Hub
from runtime.engine.logbook import Logbook
from runtime.engine.processes import ProcessReader
from runtime.model.driver_lifecycle import LIVE, DriverState
from runtime.model.errors import ProblemError
from runtime.model.intent import Intent
from runtime.model.records import Driver
from runtime.supervisor.crash_folder import CrashFolder
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.commands.drivers import (
    CrashDriver,
    Crashes,
    DebugDoor,
    DebugDriver,
    ListCrashes,
    LogPage,
    QuarantineDriver,
    ReadCrash,
    ReadLog,
    ReadProcesses,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
    Threads,
)

Steering = CrashDriver | RestartDriver | StopDriver | QuarantineDriver | ReleaseDriver
Looking = DebugDriver | ReadLog | ReadProcesses | SampleDriver | ListCrashes | ReadCrash

_STOPPABLE = LIVE - {DriverState.STOPPING} | {DriverState.RESTARTING}


class DriverCommands:
    """Carries out every command of `runtime.wire.commands.drivers`."""

    def __init__(  # noqa: PLR0917 - every part that knows something of a driver
        self,
        hub: Hub,
        logbook: Logbook,
        binding: Binding,
        supervisor: Supervisor,
        processes: ProcessReader,
        crashes: CrashFolder,
        doors: Doors,
    ) -> None:
        self._hub = hub
        self._logbook = logbook
        self._binding = binding
        self._supervisor = supervisor
        self._processes = processes
        self._crashes = crashes
        self._doors = doors

    def steer(self, command: Steering, by: str) -> Driver:
        """Change what a driver does; `by` is the name of the user who asks.

        Raises:
            ProblemError: ``not-found``, ``wrong-state`` or ``developer-mode``.
        """
        driver = self._supervisor.find(command.driver)
        state = driver.record.state
        match command:
            case CrashDriver():
                self._require(self._hub.status.developer, driver.record, "developer mode to be on")
                self._require(state in LIVE, driver.record, "a running driver")
                driver.crash()
            case RestartDriver():
                self._restart(driver)
            case StopDriver():
                self._require(state in _STOPPABLE, driver.record, "a running driver")
                driver.stop(Intent.STOP, note=f"by {by}, until somebody restarts it")
            case QuarantineDriver():
                free = _STOPPABLE | {DriverState.STOPPED}
                self._require(state in free, driver.record, "a running or a stopped driver")
                driver.stop(Intent.QUARANTINE, note=f"by {by}, until somebody releases it")
            case ReleaseDriver():
                quarantined = state is DriverState.QUARANTINED
                self._require(quarantined, driver.record, "a quarantined driver")
                self._binding.release(driver)
        return driver.record

    async def look(self, command: Looking, user: int) -> object:
        """Read what is known of drivers, or open a door to one for a user.

        Raises:
            ProblemError: ``not-found``, ``silent`` or what `DebugDriver` names.
        """
        match command:
            case ReadLog(driver=driver, after=after):
                return LogPage(*self._logbook.page(driver, after))
            case ReadProcesses():
                return await self._processes.read()
            case SampleDriver(driver=driver):
                found = await self._supervisor.find(driver).sample()
                return Threads(tuple((thread.name, thread.frames) for thread in found))
            case ListCrashes():
                return Crashes(self._crashes.list())
            case DebugDriver():
                return self._debug(command, user)
            case ReadCrash(report=report):
                return self._crashes.read(report)

    def _restart(self, driver: SupervisedDriver) -> None:
        if driver.record.state is DriverState.STOPPED:
            self._binding.restart(driver)
        else:
            running = driver.record.state in LIVE
            self._require(running, driver.record, "a running or a stopped driver")
            driver.restart()

    def _debug(self, command: DebugDriver, user: int) -> DebugDoor:
        driver = self._supervisor.find(command.driver)
        self._require(self._hub.status.developer, driver.record, "developer mode to be on")
        self._require(driver.record.state in LIVE, driver.record, "a running driver")
        if driver.record.debugging:
            raise ProblemError("busy", f"driver {driver.record.name}: it is being debugged already")

        def admit(client: socket.socket) -> None:
            with client:
                driver.debug(client.fileno())

        return DebugDoor(str(self._doors.open(admit, user)))

    @staticmethod
    def _require(fulfilled: bool, driver: Driver, wanted: str) -> None:
        if not fulfilled:
            code = "developer-mode" if wanted.startswith("developer") else "wrong-state"
            raise ProblemError(
                code, f"driver {driver.name}: expected {wanted}, found it {driver.state.value}"
            )
