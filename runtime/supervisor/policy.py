"""When a crashed driver comes again: a pure function of a policy value and its history.

The first crash restarts at once; each further one within the window waits twice as long,
up to a cap; more crashes than the limit within the window mean quarantine. At the defaults a
driver that always crashes runs six times in about 1.5 s plus its own running time.
Source: MINIX 3 RS (restart, then back off), UMDF (limit, then disable), systemd's start limit.
Invariant: no clock, no I/O.
"""

import msgspec


class RestartPolicy(msgspec.Struct, frozen=True):
    """Times are milliseconds; `limit` crashes within `window_ms` are allowed."""

    limit: int = 5
    window_ms: int = 30_000
    base_ms: int = 100
    cap_ms: int = 5_000


class Again(msgspec.Struct, frozen=True):
    """Restart after a delay; 0 is at once."""

    delay_ms: int


class Quarantine(msgspec.Struct, frozen=True):
    """Do not restart until somebody releases the driver."""

    crashes: int


ALWAYS_AT_ONCE = RestartPolicy(limit=1 << 62, base_ms=0, cap_ms=0)
"""For measurements that kill; whoever passes it says so in its output."""


def recent(policy: RestartPolicy, crashes_ns: tuple[int, ...], now_ns: int) -> tuple[int, ...]:
    """The crashes that still count: monotonic nanoseconds within the window."""
    oldest = now_ns - policy.window_ms * 1_000_000
    return tuple(crash for crash in crashes_ns if crash > oldest)


def decide(policy: RestartPolicy, crashes_ns: tuple[int, ...], now_ns: int) -> Again | Quarantine:
    """Decide after a crash; `crashes_ns` includes it."""
    count = len(recent(policy, crashes_ns, now_ns))
    if count > policy.limit:
        return Quarantine(count)
    if count <= 1:
        return Again(0)
    return Again(min(policy.cap_ms, policy.base_ms << min(count - 2, 20)))
