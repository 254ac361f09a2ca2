"""How one driver process ended, and what it left behind.

What it said last, why it was killed, which packets went before: kept while it runs, judged when
it is reaped.
Invariant: pure but for the clock; the first reason to kill it is the one reported.
"""

import signal
import time
from collections import deque

import msgspec

from runtime.model.crash_report import MESSAGES, Packet, Remains
from runtime.model.native import UNSEEN, Mapped
from runtime.model.outcome import Exit, ExitHow
from runtime.supervisor import post_mortem
from runtime.wire import driver as wire
from runtime.wire import limits


class Ending:
    """What is known of the end of one process, from its creation on.

    Attributes:
        killed: Why it was killed; None while nobody has.
        goodbye: Its epitaph; None while there is none.
        blamed: The service that ended it, once `exit` was asked; 0: not known, or no service's.
    """

    def __init__(self, mapped: Mapped = UNSEEN) -> None:
        """`mapped`: what it may execute at first."""
        self._mapped = mapped
        self.killed: Exit | None = None
        self.goodbye: wire.Goodbye | None = None
        self.blamed = 0
        self._packets: deque[tuple[bool, str, int]] = deque(maxlen=MESSAGES)
        self._ended_ns = 0

    def kill(self, how: ExitHow, detail: str, service: int) -> None:
        """It is being killed, for what a service did if that is not 0; a later reason is none."""
        if self.killed is None:
            self.killed = Exit(how, int(signal.SIGKILL), detail)
            self.blamed = service

    @property
    def breached(self) -> bool:
        """Whether it broke the protocol: nothing more of it is read."""
        return self.killed is not None and self.killed.how is ExitHow.BREACH

    def note(self, message: wire.ToDriver | wire.ToRuntime, *, sent: bool) -> None:
        """Keep the kind of a packet for the crash report."""
        what = type(message).__name__
        if isinstance(message, wire.Call):
            what = f"{what} {type(message.method).__name__}"
        self._packets.append((sent, what, time.monotonic_ns()))

    def exit(self, ended: Exit, crash: bytes) -> Exit:
        """How it ended, by what the kernel says of that, and what is in its crash memfd."""
        self._ended_ns = time.monotonic_ns()
        if self.killed is not None:
            return self.killed
        goodbye = self.goodbye or wire.Goodbye()
        self.blamed = goodbye.service
        how = ended.how
        if how is ExitHow.CODE and self.goodbye is not None and not goodbye.error:
            how = ExitHow.STOPPED
        detail = goodbye.error.partition("\n")[0] or ended.detail
        frames = tuple(frame[: limits.NAME] for frame in goodbye.frames[: limits.FRAMES])
        if how is ExitHow.SIGNAL:
            frames = post_mortem.faulting_frames(crash)
            self.blamed = self.blamed or post_mortem.faulting_service(crash)
        return Exit(how, ended.number, detail, frames)

    def remains(self, exit_: Exit, crash: bytes) -> Remains:
        """What it left behind, in its crash memfd and elsewhere; after `exit`."""
        packets = tuple(
            Packet(sent, what, (self._ended_ns - when) // 1000)
            for sent, what, when in self._packets
        )
        found = post_mortem.remains(exit_, crash, self._mapped)
        return msgspec.structs.replace(found, packets=packets)
