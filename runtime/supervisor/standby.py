"""A driver process made in advance: locked down, perhaps loaded, without a device.

It has the sandbox and the bundle of the driver that will take it, and nothing that is given
to one launch only: no provider, no entry, no session. What it may say until then is that a
launch stage was reached, and log lines, which are kept for whoever takes it. Runs in the event
loop.
Invariant: handed over once; one that is never taken is killed and reaped.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from runtime.model.errors import BreachError
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.supervisor.channels import Channels
from runtime.supervisor.ports import DriverSpec, Gather
from runtime.supervisor.process import DriverProcess, Listener
from runtime.supervisor.zygote import Child
from runtime.wire import driver as wire

LINES = 200  # of its log, that are kept for whoever takes it

FOLLOWING = (Stage.LOCKED_DOWN, Stage.LOADED)
"""The launch stages that a process tells, in order."""


class Standby:
    """A process that no driver has yet.

    Attributes:
        process: The process itself, for whoever took it.
        applied: What holds it from outside.
        missing: What this machine cannot give to any driver.
        elevated: Whether it goes before ordinary processes; not before it is one driver's.
        staged: The launch stages that it has told so far, in order.
        lines: What it has logged so far, oldest first: source and text.
        told: Whether it was told what to load.
        whole: Set when it has loaded its bundle, was handed over or is over.
        over: Set when it is reaped without having been taken.
    """

    def __init__(
        self,
        child: Child,
        channels: Channels,
        applied: tuple[str, ...] = (),
        missing: tuple[str, ...] = (),
    ) -> None:
        """Own the process, its channels, its pidfd and its control group."""
        self.applied = applied
        self.missing = missing
        self.elevated = False
        self.staged: list[wire.Staged] = []
        self.lines: deque[tuple[str, str]] = deque(maxlen=LINES)
        self.whole = asyncio.Event()
        self.over = asyncio.Event()
        self._on_end: Callable[[Exit], object] | None = None
        self.told = False
        self.process = DriverProcess(child, channels, self)

    def load(self, spec: DriverSpec, bundle: int) -> None:
        """Have it load what the spec names, once; the sealed bundle stays the caller's."""
        self.told = True
        self.process.load(spec, bundle)

    def watch(self, on_end: Callable[[Exit], object] | None) -> None:
        """Tell this caller, or nobody, when it ends before it was handed over."""
        self._on_end = on_end

    def hand_to(self, listener: Listener) -> DriverProcess:
        """Give the process away: all that it says from now on goes to `listener`."""
        self._on_end = None
        self.whole.set()
        self.process.listener = listener
        return self.process

    def kill(self) -> None:
        """End it: nobody will take it."""
        self.process.kill(ExitHow.STOPPED, "")

    # --- process.Listener ----------------------------------------------------------------------

    def received(self, message: wire.ToRuntime) -> None:
        """Take a launch stage; BreachError refuses anything else."""
        allowed = FOLLOWING if self.told else FOLLOWING[:1]
        expected = allowed[len(self.staged) : len(self.staged) + 1]
        if not isinstance(message, wire.Staged) or (message.stage,) != expected:
            raise BreachError(
                f"standby: expected its next launch stage, found {type(message).__name__}"
            )
        self.staged.append(message)
        if message.stage is Stage.LOADED or not self.told:
            self.process.deadline.clear()
        if message.stage is Stage.LOADED:
            self.whole.set()

    def logged(self, source: str, text: str, service: int) -> None:
        """Keep a line."""
        del service  # it has none yet
        self.lines.append((source, text))

    def pulsed(self, pulse: wire.Pulse) -> None:
        """Nobody judges it: it has no callback but the loading, which has a deadline."""

    def debugged(self) -> None:
        """No debugger is given to it."""

    def sampled(self, threads: tuple[wire.ThreadSample, ...]) -> None:
        """Nobody asked."""

    def exited(self, exit_: Exit, gather: Gather) -> None:
        """It is gone without having been taken."""
        del gather
        self.whole.set()
        self.over.set()
        if self._on_end is not None:
            self._on_end(exit_)
