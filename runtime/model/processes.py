"""The processes of a runtime and what each uses, read when somebody looks.

Times are microseconds since the machine's start, as CLOCK_BOOTTIME counts them; a rate is the
difference of two readings.
Invariant: values only.
"""

import enum

import msgspec

from runtime.model.identity import DriverId


class Role(enum.StrEnum):
    """What a process of the runtime is for."""

    RUNTIME = "runtime"
    ZYGOTE = "zygote"
    DRIVER = "driver"
    UNDERSTUDY = "understudy"  # has one driver's bundle loaded, for when its process ends
    STANDBY = "standby"  # locked down, for whichever driver is launched next
    BROKER = "broker"
    SPARE = "spare broker"  # forked, for whichever broker is needed next
    WORKER = "worker"  # waits for the next job that may block


class OpenCall(msgspec.Struct, frozen=True, array_like=True):
    """A call to a driver that has not returned yet; `age_us` is 0 for none."""

    what: str = ""
    age_us: int = 0


NO_CALL = OpenCall()


class Process(msgspec.Struct, frozen=True, array_like=True):
    """One process at the time of a reading.

    `memory` is what is resident, in bytes, with the pages that it shares with others. All numbers
    are 0 for a process that ended before it was read.
    """

    role: Role
    name: str
    pid: int
    driver: DriverId = DriverId(0)  # whose it is, or whom it would replace
    started_us: int = 0
    cpu_us: int = 0  # of all its threads, since it started
    memory: int = 0
    threads: int = 0
    call: OpenCall = NO_CALL  # the oldest one of a driver
