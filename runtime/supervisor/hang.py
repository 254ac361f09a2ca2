"""Is a driver responding? A pure judgement of its queues' pulse.

A queue's callback that has not progressed within its deadline and waits for no call means *not
responding*; so does a watcher that has fallen silent (native code that holds the interpreter).
A heartbeat alone would never notice an endless Python loop. Progress is a call of the callback,
to the runtime or its provider, that returned: log lines and output are none, as an endless loop
may write them. Long work in many calls is in time that way, but only up to `LONG_US`.
Invariant: no clock, no I/O; times are microseconds.
"""

import msgspec

from runtime.model.processes import NO_CALL, OpenCall
from runtime.wire.driver import IDLE_PULSE_SECONDS, Pulse, QueuePulse

LATE_US = 5_000_000  # without progress: not responding
HOPELESS_US = 60_000_000  # without progress: killed, as UMDF does after a minute
IDLE_US = int(IDLE_PULSE_SECONDS * 1e6)  # that a watcher has more while nothing runs
LONG_US = 600_000_000  # a callback this old: not responding, however much it progresses


class Responding(msgspec.Struct, frozen=True):
    """Every queue keeps its deadline."""


class Late(msgspec.Struct, frozen=True):
    """A callback is past its deadline; `queue` and `callback` empty: the watcher is silent."""

    queue: str
    callback: str
    age_us: int
    quiet_us: int  # since it last progressed
    service: int = 0  # whose Default queue it is

    @property
    def hopeless(self) -> bool:
        """Whether nobody should wait any longer."""
        return self.quiet_us > HOPELESS_US

    @property
    def what(self) -> str:
        """What does not return, for a sentence."""
        return f"{self.callback} on queue {self.queue}" if self.callback else "its watcher thread"


def judge(pulse: Pulse) -> Responding | Late:
    """Judge what the watcher says of the queues."""
    late = [
        queue
        for queue in pulse.queues
        if queue.callback and not queue.calling
        if queue.quiet_us > LATE_US or queue.age_us > LONG_US
    ]
    worst = max(late, key=lambda queue: (queue.quiet_us, queue.age_us), default=None)
    if worst is None:
        return Responding()
    return Late(worst.queue, worst.callback, worst.age_us, worst.quiet_us, worst.service)


def progress(pulse: Pulse, service: int) -> int | None:
    """Microseconds since the callback of a service's Default queue progressed; None: it is idle."""
    for queue in pulse.queues:
        if queue.service == service and queue.callback:
            return queue.quiet_us
    return None


def judge_silence(silent_us: int, pulse: Pulse) -> Responding | Late:
    """Judge a watcher that was last heard this long ago, with this pulse; an idle one is rarer."""
    idle = bool(pulse.queues) and not any(queue.callback for queue in pulse.queues)
    allowed = LATE_US + IDLE_US if idle else LATE_US
    return Late("", "", silent_us, silent_us) if silent_us > allowed else Responding()


def oldest(pulse: Pulse, since_us: int) -> OpenCall:
    """The callback that has run longest, by a pulse that came `since_us` ago."""
    queue = max((queue for queue in pulse.queues if queue.callback), key=_age, default=None)
    if queue is None:
        return NO_CALL
    return OpenCall(f"{queue.callback} on queue {queue.queue}", queue.age_us + since_us)


def _age(queue: QueuePulse) -> int:
    return queue.age_us
