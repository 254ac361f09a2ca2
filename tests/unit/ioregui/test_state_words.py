"""A broker's row has the word of its state; every word is explained."""

import pytest

from ioregui.mirror import Mirror
from ioregui.registry import states, words
from runtime.model import properties
from runtime.model.broker_lifecycle import BrokerState
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Kind
from runtime.model.identity import EntryId


def word(cls: str, table: properties.Properties) -> str:
    entry = Entry(
        EntryId(2), 1, "entry", cls, kind=int(Kind.SERVER), props=properties.encode(table)
    )
    return states.state_word(Mirror(), entry)


@pytest.mark.parametrize("state", BrokerState)
def test_a_broker_shows_its_state(state: BrokerState) -> None:
    assert word("DeviceBroker", {"BrokerState": state.value}) == state.value


def test_what_is_no_broker_shows_none() -> None:
    assert word("DeviceBroker", {}) == ""
    assert word("IOUserServer", {"BrokerState": "serving"}) == ""


def test_every_word_is_explained() -> None:
    for state in (*DriverState, *BrokerState):
        assert words.explained(state.value), state
