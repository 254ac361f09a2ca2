"""Property values as text: numbers in the chosen base, data as hexadecimal and characters.

Invariant: Qt-free; what is shown of one value is bounded, what is copied is whole.
"""

import json
from enum import StrEnum

from ioregui.plaintext import SENTENCE, plain
from runtime.interchange.json_form import value_as_json
from runtime.model.properties import Value

DATA_BYTES = 64
"""Bytes of data that are shown on one line; more is counted."""


class Numbers(StrEnum):
    """The base in which numbers are shown."""

    BOTH = "both"
    DECIMAL = "decimal"
    HEXADECIMAL = "hexadecimal"


def value_text(value: Value, numbers: Numbers = Numbers.BOTH) -> str:
    """Return a value that is no array and no dictionary as one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _number_text(value, numbers)
    if isinstance(value, bytes):
        return _data_text(value)
    return plain(str(value), SENTENCE)


def is_cut(value: Value) -> bool:
    """Return whether `value_text` leaves something of a value out."""
    if isinstance(value, bytes):
        return len(value) > DATA_BYTES
    return isinstance(value, str) and len(value) > SENTENCE


def whole_text(value: Value, numbers: Numbers = Numbers.BOTH) -> str:
    """Return all of a value, for the clipboard: data as hexadecimal, nested values as JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict):
        return json.dumps(value_as_json(value), ensure_ascii=False, indent=2)
    return value if isinstance(value, str) else value_text(value, numbers)


def kind_of(value: Value) -> str:
    """Return IOKit's word for the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    for kind, word in _KINDS:
        if isinstance(value, kind):
            return word
    return "dictionary"


_KINDS = ((int, "number"), (str, "text"), (bytes, "data"), (list, "array"))


def characters(data: bytes) -> str:
    """Return data as ASCII, a dot for what is none."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)


def _number_text(value: int, numbers: Numbers) -> str:
    if numbers is Numbers.HEXADECIMAL:
        return f"{value:#x}"
    if numbers is Numbers.DECIMAL or -10 < value < 10:
        return str(value)
    return f"{value} ({value:#x})"


def _data_text(data: bytes) -> str:
    shown = data[:DATA_BYTES]
    more = f" … {len(data)} bytes" if len(data) > DATA_BYTES else ""
    return f"<{shown.hex(' ', -4)}>  {characters(shown)}{more}"
