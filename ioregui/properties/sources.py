"""Where a property comes from, in one word.

`runtime.registry.mapping` gives IOKit's keys and sysfs attributes names in mixed case, and takes
udev's properties over under their own names, which are upper case.
Invariant: Qt-free; says nothing where it is not known.
"""

from runtime.model.entry import Entry, Kind
from runtime.model.properties import Properties, Value

UDEV = "udev"
SYSFS = "sysfs"
RUNTIME = "runtime"
PERSONALITY = "personality"
DRIVER = "driver"
SIMULATION = "simulation"

_SYSPATH = "LinuxSyspath"
_PERSONALITY = "IOMatchedPersonality"
_NOT_OF_UDEV = frozenset({"_UID"})  # ACPI's name of what sysfs calls `uid`
_BY_RUNTIME = frozenset(
    {"IOProbeScore", "IOMatchCategory", "CFBundleIdentifier", "IOUserServerPID", _PERSONALITY}
)


def source_of(entry: Entry, key: str, table: Properties, *, live: bool) -> str:
    """Return who said what a key of an entry holds.

    Args:
        entry: The entry.
        key: One of the keys of `table`.
        table: The entry's properties.
        live: Whether a runtime shows its machine, and no file somebody else's.
    """
    if _SYSPATH in table:
        return UDEV if key == key.upper() and key not in _NOT_OF_UDEV else SYSFS
    if not live:
        return ""
    if entry.kind == Kind.DEVICE:
        return SIMULATION
    if entry.kind == Kind.DRIVER:
        return _of_driver(key, table.get(_PERSONALITY))
    return RUNTIME


def _of_driver(key: str, personality: Value | None) -> str:
    if key in _BY_RUNTIME:
        return RUNTIME
    matched = isinstance(personality, dict) and key in personality
    return PERSONALITY if matched else DRIVER
