"""Tests of encoded properties: has a key, has it with a value, comes from a vendor.

Properties are decoded only where their bytes have the key; at 100,000 entries that decides
whether a keystroke is felt.
Invariant: pure; properties that cannot be decoded are as if they were empty.
"""

import re
from collections.abc import Callable
from fnmatch import translate

import msgspec

from runtime.model import properties
from runtime.model.errors import BreachError
from runtime.model.numbers import number
from runtime.model.properties import Properties, Value

PropertyTest = Callable[[msgspec.Raw], bool]

_VENDOR_KEYS = ("idVendor", "vendor-id")
_PRODUCT_KEYS = ("idProduct", "device-id")


def has_wildcards(text: str) -> bool:
    """Whether a value is a pattern."""
    return "*" in text or "?" in text


def wanted(key: str, value: str | None) -> PropertyTest:
    """The test for a key, case ignored, with a casefolded value or with any (None)."""
    folded = key.casefold()
    quick = folded.encode() if folded.isascii() else b""

    def test(raw: msgspec.Raw) -> bool:
        if quick and quick not in bytes(raw).lower():
            return False
        return any(
            name.casefold() == folded and (value is None or _equal(found, value))
            for name, found in _decoded(raw).items()
        )

    return test


def vendor(text: str) -> PropertyTest:
    """The test for ``046d`` or ``046d:c31c``, hexadecimal.

    Raises:
        ValueError: It is neither; one sentence.
    """
    parts = text.removeprefix("0x").split(":")
    if len(parts) > 2 or not all(re.fullmatch("[0-9a-f]{1,4}", part) for part in parts):
        raise ValueError(f"expected a vendor as 046d or 046d:c31c, found “{text}”")
    ids = [int(part, 16) for part in parts]

    def test(raw: msgspec.Raw) -> bool:
        data = bytes(raw)
        if b"idVendor" not in data and b"vendor-id" not in data:
            return False
        props = _decoded(raw)
        found = [_id(props, _VENDOR_KEYS), _id(props, _PRODUCT_KEYS)]
        return found[: len(ids)] == ids

    return test


def _id(props: Properties, keys: tuple[str, ...]) -> int | None:
    for key in keys:
        match props.get(key):
            case bytes() as data:  # IOPCIFamily keeps ids as little-endian data
                return int.from_bytes(data[:4], "little")
            case int() as found:
                return found
    return None


def _decoded(raw: msgspec.Raw) -> Properties:
    try:
        return properties.decode(raw)
    except BreachError:
        return {}


def _equal(found: Value, value: str) -> bool:
    if isinstance(found, list):
        return any(_equal(item, value) for item in found)
    if isinstance(found, dict):
        return any(_equal(item, value) for item in found.values())
    if isinstance(found, bool):
        return value in ({"yes", "true", "1"} if found else {"no", "false", "0"})
    if isinstance(found, int):
        return found == number(value)
    if isinstance(found, bytes):
        return found.hex() == value.removeprefix("0x")
    return _same_text(found.casefold(), value)


def _same_text(text: str, value: str) -> bool:
    if has_wildcards(value):
        return re.match(translate(value), text) is not None
    return text == value
