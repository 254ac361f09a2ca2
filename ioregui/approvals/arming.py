"""When the button that approves may be pressed: a state machine without Qt and without a clock.

A click or a key that was meant for something else must never approve. So the button is armed
only after the same content has stood still, visible, in the active window for `QUIET_NS`, and
anything that could have moved the button under the pointer, or the user's eyes off it, starts
that time again. The time counts only while ticks arrive: after a stall of the window, what was
typed into it meanwhile is delivered first, to a button that is not armed.
Source: Firefox's security delay for dialogs; Qubes OS issue 4185.
Invariant: a pure function of events and monotonic nanoseconds; never decides anything.
"""

import enum

import msgspec

QUIET_NS = 1_000_000_000
"""How long everything has to stand still before the button arms."""

STALL_NS = 300_000_000
"""A gap between two ticks above which the window was not alive, so nobody could read it."""


class Happening(enum.Enum):
    """What disturbs the reader, or ends that."""

    WINDOW_ACTIVE = enum.auto()  # the window became the active one
    WINDOW_INACTIVE = enum.auto()
    SHOWN = enum.auto()  # the panel became visible, or was exposed again
    HIDDEN = enum.auto()
    MOVED = enum.auto()  # the window, the panel or the button moved or changed its size
    CONTENT = enum.auto()  # something else is shown than before
    DECIDABLE = enum.auto()  # what is shown waits for a decision that may be made here
    MOOT = enum.auto()  # it does not, or not any more
    TICK = enum.auto()  # time has passed with the window alive


class Arming(msgspec.Struct, frozen=True):
    """How far the button is.

    `quiet_since` is None while a condition is missing, else the monotonic time from which
    nothing has been disturbed; `seen` is the last time an event came.
    """

    active: bool = False
    shown: bool = False
    decidable: bool = False
    quiet_since: int | None = None
    seen: int = 0
    armed: bool = False

    @property
    def ready(self) -> bool:
        """Whether all standing conditions hold, whatever the time."""
        return self.active and self.shown and self.decidable


class Press(msgspec.Struct, frozen=True):
    """A try to press the button: by pointer, or by a key with the focus on the button."""

    by_key: bool = False
    focused: bool = False
    repeated: bool = False  # the key is held down and repeats itself


def advance(state: Arming, happening: Happening, now: int) -> Arming:
    """Return the state after something happened at `now`, in monotonic nanoseconds.

    Every happening but `TICK` starts the quiet time again; only a `TICK` arms.
    """
    if happening is Happening.TICK:
        return _ticked(state, now)
    moved = msgspec.structs.replace(
        state,
        active=_switched(state.active, happening, Happening.WINDOW_ACTIVE, _INACTIVE),
        shown=_switched(state.shown, happening, Happening.SHOWN, Happening.HIDDEN),
        decidable=_switched(state.decidable, happening, Happening.DECIDABLE, Happening.MOOT),
        armed=False,
        seen=now,
    )
    return msgspec.structs.replace(moved, quiet_since=now if moved.ready else None)


def accepts(state: Arming, press: Press) -> bool:
    """Return whether a press counts. A key counts only when focused and not repeating."""
    if not state.armed:
        return False
    return not press.by_key or (press.focused and not press.repeated)


def remaining_ns(state: Arming, now: int) -> int | None:
    """Nanoseconds until the button can arm if nothing disturbs; None while nothing runs."""
    if state.quiet_since is None or state.armed:
        return None
    return max(0, QUIET_NS - (now - state.quiet_since))


_INACTIVE = Happening.WINDOW_INACTIVE


def _switched(before: bool, happening: Happening, on: Happening, off: Happening) -> bool:
    return happening is on or (before and happening is not off)


def _ticked(state: Arming, now: int) -> Arming:
    if state.quiet_since is None or state.armed:
        return msgspec.structs.replace(state, seen=now)
    if now - state.seen > STALL_NS:
        return msgspec.structs.replace(state, quiet_since=now, seen=now)
    armed = now - state.quiet_since >= QUIET_NS
    return msgspec.structs.replace(state, seen=now, armed=armed)
