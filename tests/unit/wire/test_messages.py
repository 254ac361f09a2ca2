"""Every message of every protocol: round trip, refusal of noise, and compatibility."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model.errors import BreachError
from runtime.wire import codec
from tests.unit.wire import shapes

every_protocol = pytest.mark.parametrize("name", shapes.PROTOCOLS)
GOLDEN: dict[str, str] = json.loads(Path(__file__).with_name("golden-1.json").read_text())


@every_protocol
@given(data=st.data())
def test_what_is_encoded_is_decoded(name: str, data: st.DataObject) -> None:
    protocol = shapes.PROTOCOLS[name]
    message = data.draw(shapes.messages(protocol))
    assert codec.Decoder[Any](protocol, name)(codec.encode(message)) == message


@every_protocol
@given(noise=st.binary(max_size=256))
def test_noise_is_a_breach_or_a_message_and_nothing_else(name: str, noise: bytes) -> None:
    assert_only_a_breach(name, noise)


@every_protocol
@given(data=st.data())
def test_a_damaged_message_is_a_breach_or_a_message(name: str, data: st.DataObject) -> None:
    protocol = shapes.PROTOCOLS[name]
    encoded = bytearray(codec.encode(data.draw(shapes.messages(protocol))))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(encoded)))
    assert_only_a_breach(name, bytes(encoded[:cut]))


@pytest.mark.parametrize("key", GOLDEN)
def test_messages_of_the_first_version_are_still_understood(key: str) -> None:
    name, tag = key.rsplit(" ", 1)
    data = bytes.fromhex(GOLDEN[key])
    message = codec.Decoder[Any](shapes.PROTOCOLS[name], name)(data)
    assert str(message.__struct_config__.tag) == tag
    fields = msgspec.msgpack.decode(data)
    again = msgspec.msgpack.decode(codec.encode(message))
    assert begins_with(again, fields), "fields are only ever appended"


def test_every_message_has_a_golden_one() -> None:
    assert set(GOLDEN) == set(golden_examples())


@pytest.mark.parametrize("name", ["driver.ToRuntime", "driver.FromWatcher", "methods.Method"])
def test_a_drivers_unknown_field_is_a_breach(name: str) -> None:
    decode: codec.Decoder[Any] = codec.Decoder(shapes.PROTOCOLS[name], name)
    for kind in shapes.members(shapes.PROTOCOLS[name]):
        fields = msgspec.msgpack.decode(codec.encode(shapes.example(kind)))
        with pytest.raises(BreachError):
            decode(msgspec.msgpack.encode([*fields, 1]))


@pytest.mark.parametrize("name", ["client.ToRuntime", "client.ToClient"])
def test_a_clients_unknown_field_is_ignored(name: str) -> None:
    decode: codec.Decoder[Any] = codec.Decoder(shapes.PROTOCOLS[name], name)
    for kind in shapes.members(shapes.PROTOCOLS[name]):
        message = shapes.example(kind)
        fields = msgspec.msgpack.decode(codec.encode(message))
        assert decode(msgspec.msgpack.encode([*fields, 1])) == message


def assert_only_a_breach(name: str, data: bytes) -> None:
    """Decode what may be anything; any other error than a breach that names it fails."""
    decode: codec.Decoder[Any] = codec.Decoder(shapes.PROTOCOLS[name], name)
    complaint = ""
    try:
        decode(data)
    except BreachError as error:
        complaint = str(error)
    assert complaint == "" or complaint.startswith(f"{name}: ")


def begins_with(now: object, before: object) -> bool:
    """Whether an encoded value is an earlier one with fields appended, at any depth."""
    if isinstance(now, list) and isinstance(before, list):
        return len(now) >= len(before) and all(map(begins_with, now, before))
    return now == before


def golden_examples() -> dict[str, str]:
    """Return the example of every message in hex, by protocol and tag."""
    return {
        f"{name} {kind.__struct_config__.tag}": codec.encode(shapes.example(kind)).hex()
        for name, protocol in shapes.PROTOCOLS.items()
        for kind in shapes.members(protocol)
    }
