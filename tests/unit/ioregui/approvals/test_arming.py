"""The arming rule, against every happening in every state, and against a slow oracle."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioregui.approvals import arming
from ioregui.approvals.arming import QUIET_NS, STALL_NS, Arming, Happening, Press

STEP = 100_000_000
BEGIN = (Happening.SHOWN, Happening.WINDOW_ACTIVE, Happening.CONTENT, Happening.DECIDABLE)
DISTURBING = [happening for happening in Happening if happening is not Happening.TICK]


def after(state: Arming, *happenings: Happening, now: int = 0) -> Arming:
    for happening in happenings:
        state = arming.advance(state, happening, now)
    return state


def ticked(state: Arming, begin: int, end: int) -> Arming:
    """Tick every `STEP` from `begin` to `end`, both included."""
    for now in range(begin, end + 1, STEP):
        state = arming.advance(state, Happening.TICK, now)
    return state


def armed_at(now: int) -> Arming:
    state = ticked(after(Arming(), *BEGIN, now=now - QUIET_NS), now - QUIET_NS, now)
    assert state.armed
    return state


def test_arms_after_the_quiet_time_and_not_before() -> None:
    state = ticked(after(Arming(), *BEGIN), 0, QUIET_NS - STEP)
    assert not state.armed
    assert arming.remaining_ns(state, QUIET_NS - STEP) == STEP
    state = arming.advance(state, Happening.TICK, QUIET_NS - 1)
    assert not state.armed
    assert arming.advance(state, Happening.TICK, QUIET_NS).armed


@pytest.mark.parametrize("happening", DISTURBING)
def test_whatever_happens_disarms(happening: Happening) -> None:
    state = arming.advance(armed_at(QUIET_NS), happening, QUIET_NS)
    assert not state.armed
    assert not arming.accepts(state, Press())


@pytest.mark.parametrize("happening", DISTURBING)
def test_whatever_happens_starts_the_quiet_time_again(happening: Happening) -> None:
    state = after(Arming(), *BEGIN)
    state = ticked(state, 0, QUIET_NS - STEP)
    state = arming.advance(state, happening, QUIET_NS - STEP)
    state = ticked(state, QUIET_NS - STEP, 2 * QUIET_NS - 2 * STEP)
    assert not state.armed
    assert ticked(state, 2 * QUIET_NS - STEP, 2 * QUIET_NS - STEP).armed == state.ready


@pytest.mark.parametrize("missing", [Happening.SHOWN, Happening.WINDOW_ACTIVE, Happening.DECIDABLE])
def test_each_condition_is_needed(missing: Happening) -> None:
    given_ones = [happening for happening in BEGIN if happening is not missing]
    state = ticked(after(Arming(), *given_ones), 0, 3 * QUIET_NS)
    assert not state.armed
    assert arming.remaining_ns(state, 3 * QUIET_NS) is None


@pytest.mark.parametrize("off", [Happening.WINDOW_INACTIVE, Happening.HIDDEN, Happening.MOOT])
def test_nothing_arms_while_a_condition_is_gone(off: Happening) -> None:
    state = arming.advance(armed_at(QUIET_NS), off, QUIET_NS)
    assert not ticked(state, QUIET_NS, 4 * QUIET_NS).armed


def test_a_stall_does_not_count_as_quiet() -> None:
    state = after(Arming(), *BEGIN)
    state = arming.advance(state, Happening.TICK, QUIET_NS + STALL_NS)
    assert not state.armed
    assert arming.remaining_ns(state, QUIET_NS + STALL_NS) == QUIET_NS


@pytest.mark.parametrize(
    ("by_key", "focused", "repeated"), list(itertools.product([False, True], repeat=3))
)
def test_presses(by_key: bool, focused: bool, repeated: bool) -> None:
    press = Press(by_key=by_key, focused=focused, repeated=repeated)
    assert arming.accepts(armed_at(QUIET_NS), press) == (not by_key or (focused and not repeated))
    assert not arming.accepts(Arming(), press)


@given(
    st.lists(st.tuples(st.sampled_from(list(Happening)), st.integers(0, 2 * STALL_NS)), max_size=60)
)
def test_armed_only_after_undisturbed_ticks(steps: list[tuple[Happening, int]]) -> None:
    """The oracle: the last disturbance is a quiet time ago, and no gap since was a stall."""
    state, now, quiet_from = Arming(), 0, 0
    conditions = {"active": False, "shown": False, "decidable": False}
    switches = {
        Happening.WINDOW_ACTIVE: ("active", True),
        Happening.WINDOW_INACTIVE: ("active", False),
        Happening.SHOWN: ("shown", True),
        Happening.HIDDEN: ("shown", False),
        Happening.DECIDABLE: ("decidable", True),
        Happening.MOOT: ("decidable", False),
    }
    for happening, pause in steps:
        now += pause
        state = arming.advance(state, happening, now)
        if happening in switches:
            name, value = switches[happening]
            conditions[name] = value
        if happening is not Happening.TICK:
            quiet_from = now
        if state.armed:
            assert all(conditions.values())
            assert now - quiet_from >= QUIET_NS
