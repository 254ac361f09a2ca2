"""Property values of registry entries, and their one encoding.

A value is what IOKit's containers can hold: text, number, boolean, data, array, dictionary.
Properties stay encoded (`msgspec.Raw`) wherever nobody reads them; this file is the only
place that encodes and decodes them.

Invariant: does not know what any key means.
"""

from collections.abc import Mapping

import msgspec

from runtime.model.errors import BreachError

Value = str | int | bool | bytes | list["Value"] | dict[str, "Value"]
"""A property value. Numbers are 64 bits, signed or unsigned; data is bytes in wire order."""

Properties = dict[str, Value]
"""Keys in the order in which they are shown."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, object])

DEPTH = 40
"""Levels of arrays and dictionaries in one value: more than a bundle may have (32), and few
enough for everybody who walks a value recursively."""

NONE = msgspec.Raw(_encoder.encode({}))
"""No properties, encoded."""


def encode(properties: Mapping[str, Value]) -> msgspec.Raw:
    """Encode properties; the order of keys is kept.

    Raises:
        OverflowError: A number does not fit in 64 bits.
    """
    return msgspec.Raw(_encoder.encode(properties))


def decode(raw: msgspec.Raw | bytes) -> Properties:
    """Decode what `encode` made.

    Raises:
        BreachError: The bytes are not an encoded dictionary of property values.
    """
    try:
        decoded = _decoder.decode(raw)
        return {key: _checked(key, value, DEPTH) for key, value in decoded.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BreachError(f"properties: expected an encoded dictionary, found {error}") from error


def _checked(key: str, value: object, levels: int) -> Value:
    """Refuse what msgpack can hold and a registry cannot: null, floats, foreign keys, depths."""
    if isinstance(value, str | int | bytes):  # bool is an int
        return value
    if levels == 0:
        raise BreachError(f"property {key!r}: expected at most {DEPTH} levels, found more")
    if isinstance(value, list):
        return [_checked(key, item, levels - 1) for item in value]
    if isinstance(value, dict):
        return {
            _text_key(key, name): _checked(key, item, levels - 1) for name, item in value.items()
        }
    raise BreachError(
        f"property {key!r}: expected text, number, data, array or dictionary, "
        f"found {type(value).__name__}"
    )


def _text_key(key: str, name: object) -> str:
    if not isinstance(name, str):
        raise BreachError(f"property {key!r}: expected text as key, found {name!r}")
    return name
