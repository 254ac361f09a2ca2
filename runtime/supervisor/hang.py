"""Is a driver responding? A pure judgement of its queues' pulse.

A queue's callback that is older than its deadline and waits for no call to the runtime means
*not responding*; so does a watcher that has fallen silent (native code that holds the
interpreter). A heartbeat alone would never notice an endless Python loop.
Invariant: no clock, no I/O; times are microseconds.
"""

import msgspec

from runtime.model.processes import NO_CALL, OpenCall
from runtime.wire.driver import Pulse, QueuePulse

LATE_US = 5_000_000  # a callback this old: not responding
HOPELESS_US = 60_000_000  # a callback this old: killed, as UMDF does after a minute


class Responding(msgspec.Struct, frozen=True):
    """Every queue keeps its deadline."""


class Late(msgspec.Struct, frozen=True):
    """A callback is past its deadline; `queue` and `callback` empty: the watcher is silent."""

    queue: str
    callback: str
    age_us: int

    @property
    def hopeless(self) -> bool:
        """Whether nobody should wait any longer."""
        return self.age_us > HOPELESS_US

    @property
    def what(self) -> str:
        """What does not return, for a sentence."""
        return f"{self.callback} on queue {self.queue}" if self.callback else "its watcher thread"


def judge(pulse: Pulse) -> Responding | Late:
    """Judge what the watcher says of the queues."""
    busy = [queue for queue in pulse.queues if queue.callback and not queue.calling]
    worst = max(busy, key=_age, default=None)
    if worst is None or worst.age_us <= LATE_US:
        return Responding()
    return Late(worst.queue, worst.callback, worst.age_us)


def judge_silence(silent_us: int) -> Responding | Late:
    """Judge a watcher that was last heard this long ago."""
    return Late("", "", silent_us) if silent_us > LATE_US else Responding()


def oldest(pulse: Pulse, since_us: int) -> OpenCall:
    """The callback that has run longest, by a pulse that came `since_us` ago."""
    queue = max((queue for queue in pulse.queues if queue.callback), key=_age, default=None)
    if queue is None:
        return NO_CALL
    return OpenCall(f"{queue.callback} on queue {queue.queue}", queue.age_us + since_us)


def _age(queue: QueuePulse) -> int:
    return queue.age_us
