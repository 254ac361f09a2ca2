"""Property lists of bundles, XML and binary, as property values within bounds.

Source: Apple plist(5). Python's plistlib reads the bytes; what it lets through and a registry
cannot hold (dates, reals, UIDs), cycles and blown-up shared objects are refused here.
Invariant: bytes in, values or `BundleError` out; nothing else escapes.
"""

import plistlib
import struct
from xml.parsers.expat import ExpatError

from runtime.extensions.codes import refused
from runtime.model.numbers import shown
from runtime.model.properties import Properties, Value

MAX_BYTES = 1 << 20  # the largest real Info.plist seen has 60 kB
MAX_VALUES = 50_000  # after shared objects of a binary list are counted wherever they occur
MAX_DEPTH = 32

FAILURES = (
    ValueError,
    ExpatError,
    LookupError,  # also of an encoding that nobody knows
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    struct.error,
)
"""What plistlib raises for broken input (found by mutation; its own class is a ValueError)."""


def read(data: bytes, path: str) -> Properties:
    """Read a property list whose top is a dictionary; `path` names it in errors.

    Raises:
        BundleError: It cannot be read, is too big, or holds what a registry cannot.
    """
    return _Checker(path).dictionary(parsed(data, path), "", 0)


def parsed(data: bytes, path: str) -> dict[object, object]:
    """The dictionary at the top of a property list, with whatever plistlib lets through in it.

    Raises:
        BundleError: It cannot be read, is too big, or another thing is at its top.
    """
    if len(data) > MAX_BYTES:
        raise refused(path, f"at most {MAX_BYTES} bytes", f"{len(data)}")
    try:
        top: object = plistlib.loads(data.lstrip())
    except FAILURES as error:
        found = str(error).split("\n")[0][:200] or type(error).__name__
        raise refused(path, "a property list", f"a broken one ({found})") from None
    if not isinstance(top, dict):
        raise refused(path, "a dictionary at the top", _kind(top))
    return top


def checked(table: dict[object, object], path: str) -> Properties:
    """Hold a dictionary that plistlib made to the bounds of `read`.

    Raises:
        BundleError: It is too big, or holds what a registry cannot.
    """
    return _Checker(path).dictionary(table, "", 0)


def entry(table: Properties, key: str, kind: type[Value], path: str) -> Value:
    """The value of a key, held to a kind (str, bool, int, list, dict).

    Raises:
        BundleError: The key is missing, or its value is of another kind.
    """
    value = table.get(key)
    if value is None or not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        found = "nothing" if value is None else f"{_kind(value)} {shown(value)}"
        raise refused(f"{path}: {key}", _KINDS[kind], found)
    return value


def text(table: Properties, key: str, path: str, *, longest: int) -> str:
    """The text of a key, one character to `longest`.

    Raises:
        BundleError: The key is missing, no text, empty or too long.
    """
    value = str(entry(table, key, str, path))
    if not 0 < len(value.strip()) <= len(value) <= longest:
        raise refused(f"{path}: {key}", f"1 to {longest} characters", f"{len(value.strip())}")
    return value


_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    list: "an array",
    dict: "a dictionary",
    bytes: "data",
    float: "a real",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)


class _Checker:
    """Walks one list and copies it, counting every value it reaches."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MAX_VALUES

    def dictionary(self, table: dict[object, object], where: str, depth: int) -> Properties:
        checked: Properties = {}
        for key, value in table.items():
            if not isinstance(key, str):
                raise refused(f"{self._path}: {where or 'top'}", "text as key", _kind(key))
            checked[key] = self._value(value, f"{where}.{key}" if where else key, depth)
        return checked

    def _value(self, value: object, where: str, depth: int) -> Value:
        self._left -= 1
        if self._left < 0:
            raise refused(self._path, f"at most {MAX_VALUES} values", "more")
        if depth > MAX_DEPTH:
            raise refused(self._path, f"at most {MAX_DEPTH} levels", "more")
        if isinstance(value, bool | str | bytes):
            return value
        if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
            return value
        if isinstance(value, list):
            return [self._value(item, where, depth + 1) for item in value]
        if isinstance(value, dict):
            return self.dictionary(value, where, depth + 1)
        raise refused(
            f"{self._path}: {where[:200]}",
            "text, a number of 64 bits, true or false, data, an array or a dictionary",
            _kind(value),
        )
