"""Looking entries up by a matching dictionary, as IOServiceGetMatchingServices does.

Source: xnu iokit/Kernel/IOService.cpp, matchInternal; the keys' meanings are IOKit's.
Invariant: pure; every key that is given has to hold, and one that is not known is refused.
"""

from collections.abc import Callable, Mapping
from typing import cast

from runtime.model import classes, properties
from runtime.model.entry import Entry
from runtime.model.errors import ProblemError
from runtime.model.properties import Properties, Value

Test = Callable[[Entry, Value, Callable[[], str]], bool]


def matches(entry: Entry, table: Mapping[str, Value], path: Callable[[], str]) -> bool:
    """Whether an entry is what a matching dictionary describes.

    Args:
        entry: The entry.
        table: `IOProviderClass`, `IONameMatch`, `IOPropertyMatch`, `IOPropertyExistsMatch`,
            `IORegistryEntryID`, `IOLocationMatch`, `IOPathMatch`.
        path: Makes the entry's path when it is asked for.

    Raises:
        ProblemError: ``bad-argument``: a key is not one of these.
    """
    unknown = table.keys() - _TESTS.keys()
    if unknown:
        raise ProblemError(
            "bad-argument",
            f"matching dictionary: expected keys of {', '.join(_TESTS)}, found {min(unknown)}",
        )
    return all(_TESTS[key](entry, value, path) for key, value in table.items())


def _class(entry: Entry, value: Value, _path: object) -> bool:
    return value in (*entry.user_classes, *classes.chain(entry.cls))


def _name(entry: Entry, value: Value, _path: object) -> bool:
    return entry.name in _items(value)


def _exists(entry: Entry, value: Value, _path: object) -> bool:
    found = properties.decode(entry.props)
    return any(key in found for key in _items(value))


def _equal(entry: Entry, value: Value, _path: object) -> bool:
    found = properties.decode(entry.props)
    tables = [table for table in _items(value) if isinstance(table, dict)]
    return any(_contains(found, table) for table in tables)


def _contains(found: Properties, table: Properties) -> bool:
    return all(key in found and found[key] == wanted for key, wanted in table.items())


def _items(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


_TESTS: dict[str, Test] = {
    "IOProviderClass": _class,
    "IONameMatch": _name,
    "IOPropertyMatch": _equal,
    "IOPropertyExistsMatch": _exists,
    "IORegistryEntryID": lambda entry, value, _path: entry.id == cast("int", value),
    "IOLocationMatch": lambda entry, value, _path: entry.location == value,
    "IOPathMatch": lambda _entry, value, path: path() == value,
}
