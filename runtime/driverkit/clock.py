"""Mach's clocks and the clocks of timers, on Linux's.

Mach time is in nanoseconds here: its timebase is 1/1, as on Intel Macs.
Source: mach/mach_time.h; IOTimerDispatchSource.h; clock_gettime(2).
Invariant: a clock is named by DriverKit's number, and read through this module alone.
"""

import time

from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument

kIOTimerClockWallTime = 0x80
"""Since 1970; jumps when somebody sets it."""
kIOTimerClockMonotonicRaw = 0x84
"""Since boot, the time that the machine slept included."""
kIOTimerClockUptimeRaw = 0x88
"""Since boot, without the time that the machine slept."""
kIOTimerClockMachContinuousTime = 0xC4
"""What `mach_continuous_time` returns."""
kIOTimerClockMachAbsoluteTime = 0xC8
"""What `mach_absolute_time` returns."""

_CLOCKS = {
    kIOTimerClockWallTime: time.CLOCK_REALTIME,
    kIOTimerClockMonotonicRaw: time.CLOCK_BOOTTIME,
    kIOTimerClockUptimeRaw: time.CLOCK_MONOTONIC,
    kIOTimerClockMachContinuousTime: time.CLOCK_BOOTTIME,
    kIOTimerClockMachAbsoluteTime: time.CLOCK_MONOTONIC,
}


def mach_absolute_time() -> int:
    """Nanoseconds since boot, without the time that the machine slept."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def mach_continuous_time() -> int:
    """Nanoseconds since boot, the time that the machine slept included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def linux_clock(clock: int) -> int:
    """The CLOCK_* of a ``kIOTimerClock…``.

    Raises:
        IOReturnError: kIOReturnBadArgument, there is no such clock.
    """
    try:
        return _CLOCKS[clock]
    except KeyError:
        raise IOReturnError(
            kIOReturnBadArgument, f"clock: expected one of kIOTimerClock…, found {clock:#x}"
        ) from None
