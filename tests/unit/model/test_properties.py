"""Property values and their encoding."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model import properties
from runtime.model.errors import BreachError
from runtime.model.properties import Value

numbers = st.integers(-(1 << 63), (1 << 64) - 1)
leaves = st.text(max_size=8) | numbers | st.booleans() | st.binary(max_size=8)
values: st.SearchStrategy[Value] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
dictionaries = st.dictionaries(st.text(max_size=8), values, max_size=6)


@given(given_properties=dictionaries)
def test_what_is_encoded_is_decoded_with_its_types_and_order(
    given_properties: dict[str, Value],
) -> None:
    decoded = properties.decode(properties.encode(given_properties))
    assert repr(decoded) == repr(given_properties)  # repr tells True from 1, and shows order


@given(noise=st.binary(max_size=64))
def test_noise_is_a_breach_or_properties(noise: bytes) -> None:
    complaint = "properties"
    try:
        properties.decode(noise)
    except BreachError as error:
        complaint = str(error)
    assert complaint.startswith("propert")


@pytest.mark.parametrize("number", [1 << 64, -(1 << 63) - 1])
def test_a_number_beyond_64_bits_cannot_be_encoded(number: int) -> None:
    with pytest.raises(OverflowError):
        properties.encode({"number": number})


@pytest.mark.parametrize("foreign", [None, 1.5, [None], {"inner": 0.0}, {1: "one"}])
def test_what_no_registry_can_hold_is_a_breach_that_names_its_key(foreign: object) -> None:
    with pytest.raises(BreachError, match="'key'"):
        properties.decode(msgspec.msgpack.encode({"key": foreign}))


def test_none_is_an_empty_dictionary() -> None:
    assert properties.decode(properties.NONE) == {}
