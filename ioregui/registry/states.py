"""What a row says beside its name: state word, driver, process.

Invariant: Qt-free and in English; `words` of the window translate the state.
"""

from collections.abc import Callable

from ioregui.mirror import Mirror
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Holder, Kind, State
from runtime.model.identity import EntryId
from runtime.model.words import device_word
from runtime.query.search import Facts

GONE = "gone"
BROKER = "DeviceBroker"  # class of the entry of a device's broker
_INACTIVE = int(State.INACTIVE)  # plain numbers: asked for every row, 100,000 times a search
_DEVICE, _KERNEL_DRIVER = int(Kind.DEVICE), int(Kind.KERNEL_DRIVER)
_OURS = frozenset({int(Kind.DRIVER), int(Kind.SERVER)})
_KERNEL = int(Holder.KERNEL)


def _word(**fields: int) -> str:
    return device_word(Entry(EntryId(0), 0, "", "", **fields))  # type: ignore[arg-type]  # numbers only


_WORDS = tuple(_word(holder=int(holder)) for holder in Holder)
GOING = _word(state=_INACTIVE)


def state_word(mirror: Mirror, entry: Entry, *, gone: bool = False) -> str:
    """Return the state word of an entry; empty for one that has no state of its own."""
    if gone:
        return GONE
    if entry.state & _INACTIVE:
        return GOING
    kind = entry.kind
    if kind == _DEVICE:
        return _WORDS[entry.holder]
    if kind == _KERNEL_DRIVER:
        return DriverState.RUNNING.value
    if kind in _OURS:
        driver = mirror.driver_of(entry.id)
        return str(driver.state) if driver is not None else _broker_word(entry)
    return ""


def _broker_word(entry: Entry) -> str:
    """The state that a device's broker shows among its properties; empty for what is none."""
    if entry.cls != BROKER:
        return ""
    return str(properties.decode(entry.props).get("BrokerState", ""))


def process_word(entry: Entry) -> str:
    """Return the process id, ``kernel``, or nothing."""
    if entry.pid:
        return str(entry.pid)
    kernel = entry.kind == _KERNEL_DRIVER or (entry.kind == _DEVICE and entry.holder == _KERNEL)
    return "kernel" if kernel else ""


def facts(
    mirror: Mirror, entry: Entry, title: str, path_of: Callable[[], str], *, gone: bool = False
) -> Facts:
    """Return what a search looks at; `title` is the entry's in the plane that is searched."""
    return Facts(
        title,
        entry.cls,
        entry.driver,
        state_word(mirror, entry, gone=gone),
        process_word(entry),
        entry.id,
        entry.props,
        path_of,
    )
