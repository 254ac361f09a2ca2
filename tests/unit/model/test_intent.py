"""What drivers are stopped for: every pair, and every state without a process."""

import itertools

import pytest

from runtime.model.driver_lifecycle import LIVE, TRANSITIONS, DriverEvent, DriverState
from runtime.model.intent import NOTHING, Aim, Intent, after, at_rest, joined, taken_back

AIMS = [Aim(intent, note) for intent in Intent for note in ("", "by ada")]
RESTING = [state for state in DriverState if state not in LIVE]


def test_the_higher_holds_in_either_order_and_asking_again_changes_nothing() -> None:
    for one, other in itertools.product(AIMS, AIMS):
        both = joined(one, other)
        assert both.intent is max(one.intent, other.intent)
        assert joined(other, one) == both
        assert joined(both, one) == joined(both, other) == both


def test_a_note_holds_while_nothing_else_calls_for_the_same() -> None:
    for one, other in itertools.product(AIMS, AIMS):
        both = joined(one, other)
        callers = [aim for aim in (one, other) if aim.intent is both.intent]
        assert bool(both.note) is all(aim.note for aim in callers)


def test_only_a_stop_that_somebody_asked_for_is_taken_back() -> None:
    back = [aim for aim in AIMS if taken_back(aim) != aim]
    assert back == [Aim(Intent.STOP, "by ada")]
    assert taken_back(back[0]) == NOTHING


@pytest.mark.parametrize("aim", AIMS)
def test_every_stop_has_an_end_that_the_lifecycle_knows(aim: Aim) -> None:
    expected = {
        Intent.RESTART: DriverState.RESTARTING,
        Intent.QUARANTINE: DriverState.QUARANTINED,
    }
    reached = TRANSITIONS[DriverState.STOPPING, after(aim)]
    assert reached is expected.get(aim.intent, DriverState.STOPPED)


@pytest.mark.parametrize("aim", AIMS)
def test_without_a_process_it_is_so_at_once(aim: Aim) -> None:
    """A quarantine holds against what is below it, and ends by what is above."""
    for state in RESTING:
        event = at_rest(aim, state)
        reached = state if event is None else TRANSITIONS[state, event]
        kept = state is DriverState.QUARANTINED and aim.intent is Intent.STOP
        if aim.intent <= Intent.RESTART or kept:
            assert reached is state
        elif aim.intent is Intent.QUARANTINE:
            assert reached is DriverState.QUARANTINED
        else:
            assert reached is DriverState.STOPPED


def test_a_process_is_ended_first() -> None:
    assert {at_rest(aim, state) for aim in AIMS for state in LIVE} == {None}
    assert after(NOTHING) is DriverEvent.REAPED
