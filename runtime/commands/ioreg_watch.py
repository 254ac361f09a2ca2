"""`ioreg --watch`: every change of the registry as one JSON object a line, until it is stopped.

Follows the running runtime; where none runs, the machine's own events.
Invariant: a line is whole and written at once; an entry that comes again after a resync is told of
only where it differs.
"""

import json
import select
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from runtime.interchange.json_form import as_object
from runtime.linux import places
from runtime.model.entry import Entry
from runtime.model.errors import UnavailableError

if TYPE_CHECKING:
    from runtime.client.blocking import Connection

Entries = Mapping[int, Entry]
Selected = Callable[[Entry, Entries], bool]
"""Whether to tell of an entry; the entries that are there say where it is."""


def lines(selected: Selected) -> Iterator[str]:
    """The changes of entries that are selected, as they come; the last state is not repeated.

    Raises:
        UnavailableError: The connection ended, or there are no events.
    """
    sockets = (places.socket_path(), places.SYSTEM_SOCKET)
    if any(path.exists() for path in sockets):
        from runtime.client.blocking import connect  # noqa: PLC0415 - 20 ms without a runtime

        try:
            connection = connect("ioreg")
        except UnavailableError:
            pass
        else:
            with connection:
                yield from _runtimes(connection, selected)
    yield from _own(selected)


def _line(change: str, entry: Entry, entries: Entries, selected: Selected) -> Iterator[str]:
    if selected(entry, entries):
        yield json.dumps({"change": change, **as_object(entry)}, ensure_ascii=False)


class _Known:
    """The entries as they were last told of."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self._again: dict[int, Entry] | None = {}  # those of a snapshot that is not whole yet

    def begin(self) -> None:
        self._again = {}

    def put(self, entry: Entry) -> str:
        """Remember an entry; returns ``added``, ``changed`` or, where nothing is new, nothing."""
        if self._again is not None:
            self._again[entry.id] = entry
            return ""
        before = self.entries.get(entry.id)
        self.entries[entry.id] = entry
        if before is None:
            return "added"
        return "changed" if before != entry else ""

    def end(self, *, first: bool) -> list[tuple[str, Entry]]:
        """A snapshot is whole; returns what it changed, but nothing for the first."""
        before, self.entries = self.entries, self._again or {}
        self._again = None
        if first:
            return []
        told = [("removed", entry) for key, entry in before.items() if key not in self.entries]
        for key, entry in self.entries.items():
            if key not in before:
                told.append(("added", entry))
            elif before[key] != entry:
                told.append(("changed", entry))
        return told

    def take(self, entry_id: int) -> Entry | None:
        return self.entries.pop(entry_id, None)


def _runtimes(connection: "Connection", selected: Selected) -> Iterator[str]:
    from runtime.wire import client as wire  # noqa: PLC0415
    from runtime.wire.commands.registry import Subscribe, Topic  # noqa: PLC0415

    connection.call(Subscribe(topics=(Topic.ENTRIES,)))
    known = _Known()
    first = True
    for message in connection.messages():
        if isinstance(message, wire.SnapshotBegin):
            known.begin()
        elif isinstance(message, wire.SnapshotEnd):
            for change, entry in known.end(first=first):
                yield from _line(change, entry, known.entries, selected)
            first = False
        elif isinstance(message, wire.Part):
            for entry in message.entries:
                known.put(entry)
        else:
            for entry in message.entries:
                if change := known.put(entry):
                    yield from _line(change, entry, known.entries, selected)
            for entry_id in message.gone_entries:
                gone = known.take(entry_id)
                if gone is not None:
                    yield from _line("removed", gone, known.entries, selected)


def _own(selected: Selected) -> Iterator[str]:
    from runtime.linux import udev  # noqa: PLC0415 - loads libudev, which a runtime spares us
    from runtime.linux.model_name import model_name  # noqa: PLC0415
    from runtime.registry.machine import Machine  # noqa: PLC0415
    from runtime.registry.tree import Change, Changed, Registry  # noqa: PLC0415

    changes: list[Change] = []
    known: dict[int, Entry] = {}
    monitor = udev.DeviceMonitor()
    try:
        registry = Registry(time.monotonic_ns, changes.append)
        machine = Machine(registry, lambda *_event: None, model_name())
        machine.load(udev.enumerate_devices())
        known.update((entry.id, entry) for entry in registry.walk())
        changes.clear()
        while True:
            select.select([monitor], [], [])
            drained = monitor.drain()
            for event in drained.events:
                machine.apply(event)
            if drained.lost:
                machine.resync(udev.enumerate_devices(), drained.lost)
            for change in changes:
                if isinstance(change, Changed):
                    word = "changed" if change.entry.id in known else "added"
                    known[change.entry.id] = change.entry
                else:
                    word = "removed"
                yield from _line(word, change.entry, known, selected)
                if word == "removed":
                    del known[change.entry.id]
            changes.clear()
    finally:
        monitor.close()
