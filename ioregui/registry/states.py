"""What a row says beside its name: state word, driver, process.

Invariant: Qt-free and in English; `words` of the window translate the state.
"""

from ioregui.mirror import Mirror
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Holder, Kind, State
from runtime.model.words import device_word
from runtime.query.search import Facts

GONE = "gone"


def state_word(mirror: Mirror, entry: Entry, *, gone: bool = False) -> str:
    """Return the state word of an entry; empty for one that has no state of its own."""
    if gone:
        return GONE
    if entry.kind == Kind.DEVICE or entry.state & State.INACTIVE:
        return device_word(entry)
    if entry.kind == Kind.KERNEL_DRIVER:
        return str(DriverState.RUNNING)
    if entry.kind in (Kind.DRIVER, Kind.SERVER):
        driver = mirror.driver_of(entry.id)
        return str(driver.state) if driver is not None else ""
    return ""


def process_word(entry: Entry) -> str:
    """Return the process id, ``kernel``, or nothing."""
    if entry.pid:
        return str(entry.pid)
    kernel = entry.kind == Kind.KERNEL_DRIVER or (
        entry.kind == Kind.DEVICE and entry.holder == Holder.KERNEL
    )
    return "kernel" if kernel else ""


def facts(mirror: Mirror, entry: Entry, *, gone: bool = False) -> Facts:
    """Return what a search looks at."""
    return Facts(
        entry.title,
        entry.cls,
        entry.driver,
        state_word(mirror, entry, gone=gone),
        process_word(entry),
    )
