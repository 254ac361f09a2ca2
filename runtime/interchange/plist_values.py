"""Property lists from outside, as property values within bounds.

Source: plist(5). Python's plistlib reads the bytes; what it lets through and a registry cannot hold
(dates, reals, UIDs) becomes text or is left out, and is counted. Objects that a binary list shares
are counted wherever they stand, so that a small file cannot become a large registry.
Invariant: bytes in, values or `ProblemError` out; nothing else escapes.
"""

import datetime
import plistlib
import struct
from xml.parsers.expat import ExpatError

from runtime.interchange.registry_file import Warnings
from runtime.model.errors import ProblemError
from runtime.model.properties import DEPTH, Properties, Value

_SPARE_BYTES = 16 << 20
_TIMES = 10  # the size of the file that its values may have together

_FAILURES = (
    ValueError,
    ExpatError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    struct.error,
)
"""What plistlib raises for broken input; its own class is a ValueError."""


def load(data: bytes, what: str) -> object:
    """Read a property list, XML or binary; `what` names it in errors.

    Blank lines before it, and what stands after its end, are passed over.

    Raises:
        ProblemError: ``not-a-registry``: it cannot be read.
    """
    if not data.startswith(b"bplist"):
        data = data.strip()
        end = data.rfind(b"</plist>")
        data = data[: end + 8] if end >= 0 else data
        if data.startswith(b"<!--?xml"):
            data = data[data.find(b"-->") + 3 :].lstrip()
    try:
        top: object = plistlib.loads(data)
    except _FAILURES as error:
        found = str(error).split("\n")[0][:200] or type(error).__name__
        raise ProblemError(
            "not-a-registry", f"{what}: expected a property list, found a broken one ({found})"
        ) from None
    return top


def number(value: object) -> int:
    """A count or an id; 0 where a file has something else in its place."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value < 1 << 63 else 0


class Values:
    """Copies values and counts them.

    Args:
        size: Bytes of the file; its values may have ten times as many.
        warnings: Told of what a registry cannot hold.
    """

    def __init__(self, size: int, warnings: Warnings) -> None:
        self._left = size * _TIMES + _SPARE_BYTES
        self._warnings = warnings

    def properties(self, table: dict[object, object], where: str) -> Properties:
        """The values of a dictionary; `where` names it in warnings.

        Raises:
            ProblemError: ``too-large``: more values than the file can honestly have.
        """
        made: Properties = {}
        for key, value in table.items():
            if not isinstance(key, str):
                self._warnings.add(f"{where}: expected text as key, found {type(key).__name__}")
                continue
            copied = self._value(value, where, 0)
            if copied is not None:
                made[_text(key)] = copied
        return made

    def _value(self, value: object, where: str, depth: int) -> Value | None:
        self._left -= 16 + (len(value) if isinstance(value, str | bytes) else 0)
        if self._left < 0:
            raise ProblemError(
                "too-large",
                f"{where}: expected values of at most {_TIMES} times the file's size, found more",
            )
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, bool | bytes):
            return value
        if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
            return value
        if isinstance(value, list | dict) and depth < DEPTH:
            return self._container(value, where, depth)
        expected, found = "text, number, data, array or dictionary", type(value).__name__
        if isinstance(value, list | dict):
            expected, found = f"at most {DEPTH} levels of values", "more"
        self._warnings.add(f"{where}: expected {expected}, found {found}")
        if isinstance(value, datetime.datetime):
            return value.isoformat()
        return repr(value) if isinstance(value, int | float) else None

    def _container(
        self, value: list[object] | dict[object, object], where: str, depth: int
    ) -> Value:
        if isinstance(value, list):
            copies = (self._value(item, where, depth + 1) for item in value)
            return [item for item in copies if item is not None]
        made: Properties = {}
        for key, item in value.items():
            copied = self._value(item, where, depth + 1)
            if isinstance(key, str) and copied is not None:
                made[_text(key)] = copied
        return made


def _text(text: str) -> str:
    """Text that can be encoded: a lone surrogate is written as its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
