"""Outcomes as values; text is made at the edge by `runtime.model.words`.

Source of signal names: signal(7). Invariant: holds no sentences.
"""

import enum
import signal

import msgspec


class ExitHow(enum.StrEnum):
    """Why a driver process is gone."""

    CODE = "code"  # it ended by itself; `number` is the exit code
    SIGNAL = "signal"  # `number` is the signal
    HANG = "hang"  # killed: a callback was older than its deadline
    BREACH = "breach"  # killed: it broke the protocol
    LAUNCH = "launch"  # killed or never there: a launch stage failed or took too long
    STOPPED = "stopped"  # it ended because it was told to


class Exit(msgspec.Struct, frozen=True, array_like=True):
    """How a driver process ended.

    `detail` is the first line of what is known beyond the number: an exception, the breach,
    the stage. `frames` are Python frames, innermost first, of the faulting thread.
    """

    how: ExitHow
    number: int = 0
    detail: str = ""
    frames: tuple[str, ...] = ()

    @property
    def signal_name(self) -> str:
        """`SIGSEGV` and the like; empty when no signal ended it."""
        if self.how is not ExitHow.SIGNAL:
            return ""
        try:
            return signal.Signals(self.number).name
        except ValueError:
            return f"signal {self.number}"


class Stage(enum.StrEnum):
    """Launch stages, in order; a driver registers in Start or later, or never."""

    REQUESTED = "requested"
    FORKED = "forked"
    LOCKED_DOWN = "locked down"
    LOADED = "loaded"
    ENTITLED = "entitlements checked"  # by the runtime, before the process learns of its provider
    STARTED = "started"
    REGISTERED = "registered"  # RegisterService was called: others may match on it


class MatchStage(enum.StrEnum):
    """How far a personality came on a provider (IOService::probeCandidates)."""

    CLASS = "class"  # IOProviderClass is not on the provider's chain
    PROPERTIES = "properties"  # a key did not match
    CATEGORY = "category"  # the category's slot is taken by an equal or better one
    MATCHED = "matched"
    IDLE = "not active"  # it fits, but its extension may not run; `found` is that one's state


class Match(msgspec.Struct, frozen=True, array_like=True):
    """What became of one personality, or of one kernel module's alias, on one provider.

    `holder` names who has the category instead, `displaces` the kernel driver that it would
    replace. `parts` add up to `score`. Of a kernel module, `bundle_id` is `KERNEL` and `cls` empty.
    """

    personality: str  # its name in IOKitPersonalities
    bundle_id: str
    stage: MatchStage
    score: int = 0
    category: str = ""
    key: str = ""  # first key that failed
    wanted: str = ""
    found: str = ""
    parts: tuple[tuple[str, int], ...] = ()
    holder: str = ""
    displaces: str = ""
    running: bool = False
    cls: str = ""  # the personality's IOUserClass, else its IOClass


KERNEL = "kernel"
"""Stands in place of a bundle id for what comes with the kernel."""


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """Whether an entitlement allows something; of a denial, which one and why."""

    allowed: bool
    entitlement: str = ""  # its key
    wanted: str = ""
    found: str = ""
