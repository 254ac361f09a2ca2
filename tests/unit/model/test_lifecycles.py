"""The lifecycles: exhaustive over every (state, event) pair."""

import enum
import itertools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from runtime.model import broker_lifecycle, driver_lifecycle, extension_lifecycle


class Lifecycle(NamedTuple):
    """One lifecycle's parts."""

    states: type[enum.StrEnum]
    events: type[enum.StrEnum]
    table: Mapping[tuple[Any, Any], Any]
    advance: Callable[[Any, Any], Any]
    initial: enum.StrEnum
    final: frozenset[enum.StrEnum] = frozenset()


LIFECYCLES = {
    "broker": Lifecycle(
        broker_lifecycle.BrokerState,
        broker_lifecycle.BrokerEvent,
        broker_lifecycle.TRANSITIONS,
        broker_lifecycle.advance,
        broker_lifecycle.INITIAL,
        frozenset({broker_lifecycle.BrokerState.GONE}),
    ),
    "driver": Lifecycle(
        driver_lifecycle.DriverState,
        driver_lifecycle.DriverEvent,
        driver_lifecycle.TRANSITIONS,
        driver_lifecycle.advance,
        driver_lifecycle.INITIAL,
    ),
    "extension": Lifecycle(
        extension_lifecycle.ExtensionState,
        extension_lifecycle.ExtensionEvent,
        extension_lifecycle.TRANSITIONS,
        extension_lifecycle.advance,
        extension_lifecycle.INITIAL,
    ),
}
every_lifecycle = pytest.mark.parametrize("name", LIFECYCLES)


@every_lifecycle
def test_every_pair_is_in_the_table_or_raises(name: str) -> None:
    life = LIFECYCLES[name]
    for state, event in itertools.product(life.states, life.events):
        if (state, event) in life.table:
            assert life.advance(state, event) is life.table[state, event]
        else:
            with pytest.raises(ValueError, match=rf"{name}: '{event.value}' cannot happen"):
                life.advance(state, event)


@every_lifecycle
def test_every_state_is_reachable(name: str) -> None:
    life = LIFECYCLES[name]
    reached, frontier = {life.initial}, [life.initial]
    while frontier:
        state = frontier.pop()
        following = {after for (before, _), after in life.table.items() if before is state}
        frontier += following - reached
        reached |= following
    assert reached == set(life.states)


@every_lifecycle
def test_every_event_happens_somewhere_and_no_state_is_a_trap(name: str) -> None:
    life = LIFECYCLES[name]
    assert {event for _, event in life.table} == set(life.events)
    assert {state for state, _ in life.table} == set(life.states) - life.final


def test_a_driver_without_a_process_only_gets_one_by_being_launched() -> None:
    live = driver_lifecycle.LIVE
    for (before, event), after in driver_lifecycle.TRANSITIONS.items():
        if before not in live and after in live:
            assert event is driver_lifecycle.DriverEvent.LAUNCHED
