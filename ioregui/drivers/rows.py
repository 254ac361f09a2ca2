"""The rows of the drivers table: the runtime, and below it every process that it made.

A driver has a row also while it has no process; whatever else runs has one once it was read.
Invariant: pure; a driver's state comes from its record, never from a reading.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ioregui.drivers.readings import Reading
from runtime.model.identity import DriverId
from runtime.model.processes import Process, Role
from runtime.model.records import Driver

Key = tuple[Role, int]

_ORDER = (
    Role.DRIVER,
    Role.UNDERSTUDY,
    Role.BROKER,
    Role.ZYGOTE,
    Role.STANDBY,
    Role.SPARE,
    Role.WORKER,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One process, or one driver without any.

    `share` is of one processor, None while it is not known; `age_us` since the process started.
    """

    role: Role
    name: str
    place: tuple[int, str, int, int]  # what rows are sorted by
    driver: Driver | None = None
    process: Process | None = None
    share: float | None = None
    age_us: int = 0

    @property
    def key(self) -> Key:
        """What tells rows apart: a driver is itself through all its processes."""
        if self.driver is not None:
            return self.role, self.driver.id
        return self.role, 0 if self.process is None else self.process.pid

    @property
    def depth(self) -> int:
        """How far below the runtime it stands."""
        return {Role.RUNTIME: 0, Role.UNDERSTUDY: 2}.get(self.role, 1)

    @property
    def pid(self) -> int:
        """Its process, 0 for none."""
        if self.role is Role.DRIVER and self.driver is not None:
            return self.driver.pid
        return 0 if self.process is None else self.process.pid


def rows(drivers: Iterable[Driver], reading: Reading) -> list[Row]:
    """Return all rows, in any order."""
    known = {driver.id: driver for driver in drivers}
    used = {one.pid: one for one in reading.processes if one.role is Role.DRIVER}
    found = [_of_driver(driver, used.get(driver.pid), reading) for driver in known.values()]
    found += [
        _of_process(process, known.get(process.driver), reading)
        for process in reading.processes
        if process.role is not Role.DRIVER
    ]
    return found


def of_driver(driver: Driver, reading: Reading) -> Row:
    """Return one driver's row."""
    found = (one for one in reading.processes if one.role is Role.DRIVER and one.pid == driver.pid)
    return _of_driver(driver, next(found, None), reading)


def driver_key(driver: DriverId) -> Key:
    """Return what tells a driver's row apart."""
    return Role.DRIVER, driver


def _of_driver(driver: Driver, process: Process | None, reading: Reading) -> Row:
    place = (1, driver.name.casefold(), driver.id, 0)
    return _read(Role.DRIVER, driver.name, place, driver, process, reading)


def _of_process(process: Process, driver: Driver | None, reading: Reading) -> Row:
    name = process.name
    if process.role is Role.RUNTIME:
        place = (0, "", 0, 0)
    elif driver is not None:
        place = (1, driver.name.casefold(), driver.id, process.pid)
    else:
        place = (1 + _ORDER.index(process.role), name.casefold(), 0, process.pid)
    return _read(process.role, name, place, None, process, reading)


def _read(  # noqa: PLR0917 - all of a row
    role: Role,
    name: str,
    place: tuple[int, str, int, int],
    driver: Driver | None,
    process: Process | None,
    reading: Reading,
) -> Row:
    if process is None or not process.started_us:
        return Row(role, name, place, driver, process)
    share = reading.shares.get(process.pid)
    return Row(role, name, place, driver, process, share, reading.at_us - process.started_us)
