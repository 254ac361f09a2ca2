"""What happened to an entry, in IOKit's terms.

Source: xnu iokit/IOKit/IOKitKeys.h (notification types and interests), IOService.cpp (their order).
Invariant: pure functions of an entry before and after; nothing here remembers.
"""

import enum

import msgspec

from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.properties import Value


class Kind(enum.StrEnum):
    """IOKit's notification types, and its two interests."""

    FIRST_PUBLISH = "IOServiceFirstPublish"
    PUBLISH = "IOServicePublish"
    FIRST_MATCH = "IOServiceFirstMatch"
    MATCHED = "IOServiceMatched"
    WILL_TERMINATE = "IOServiceWillTerminate"
    TERMINATE = "IOServiceTerminate"
    INTEREST = "IOGeneralInterest"  # properties or another fact changed, `retain` left aside
    BUSY = "IOBusyInterest"  # the busy count changed


class PropertyChange(msgspec.Struct, frozen=True):
    """One property; None stands for one that is not there."""

    key: str
    old: Value | None
    new: Value | None


class Notification(msgspec.Struct, frozen=True):
    """One thing that happened to an entry.

    `entry` is its value afterwards, of `TERMINATE` the last one; `before` the value that was known
    before, None of one that is new. `path` is its place in the IOService plane. `changes` are those
    of its properties, of `INTEREST`.
    """

    kind: Kind
    entry: Entry
    before: Entry | None
    path: str
    changes: tuple[PropertyChange, ...] = ()


def kinds(before: Entry | None, after: Entry) -> tuple[Kind, ...]:
    """What happened to an entry that is there, in IOKit's order.

    `FIRST_PUBLISH` and `FIRST_MATCH` are told with every publish and match; who knows what was told
    before drops them.
    """
    found: list[Kind] = []
    old = 0 if before is None or before.state & State.PLAIN else before.state
    came = 0 if after.state & State.PLAIN else after.state & ~old
    if came & State.REGISTERED:
        found += [Kind.FIRST_PUBLISH, Kind.PUBLISH]
    if came & State.MATCHED:
        found += [Kind.FIRST_MATCH, Kind.MATCHED]
    if came & State.INACTIVE:
        found.append(Kind.WILL_TERMINATE)
    if before is not None and before.busy != after.busy:
        found.append(Kind.BUSY)
    if before is not None and _facts(before) != _facts(after):
        found.append(Kind.INTEREST)
    return tuple(found)


def gone_kinds(last: Entry) -> tuple[Kind, ...]:
    """What happened to an entry that is there no more."""
    if last.state & State.PLAIN:
        return ()
    if last.state & State.INACTIVE:
        return (Kind.TERMINATE,)
    return (Kind.WILL_TERMINATE, Kind.TERMINATE)


def changes(before: Entry, after: Entry) -> tuple[PropertyChange, ...]:
    """The properties that are otherwise, those that went first.

    Raises:
        BreachError: Encoded properties are none.
    """
    if before.props == after.props:
        return ()
    old, new = properties.decode(before.props), properties.decode(after.props)
    went = [PropertyChange(key, old[key], None) for key in old if key not in new]
    return (
        *went,
        *(
            PropertyChange(key, old.get(key), value)
            for key, value in new.items()
            if key not in old or old[key] != value
        ),
    )


def _facts(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, busy=0, busy_ms=0, retain=0, state=0)
