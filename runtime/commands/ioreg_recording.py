"""`ioreg --recording`: the registry, and where wanted its past, as one file to send.

Invariant: with `anonymous`, no serial number and no host name that is known leaves.
"""

import time

import msgspec

from runtime.client import past
from runtime.client.blocking import connect
from runtime.commands.ioreg_source import Source, milliseconds
from runtime.interchange import recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.interchange.registry_file import FileEntry, plain
from runtime.model.entry import Entry


def write(source: Source, since: str | None, *, anonymous: bool) -> bytes:
    """The recording of a registry.

    Raises:
        NoMomentError: `since` names no moment.
        UnavailableError: `since` is given and no runtime is there.
    """
    history: list[list[bytes]] = []
    if since is not None:
        since_ms = milliseconds(since)
        with connect("ioreg") as runtime:
            history = past.segments(runtime, since_ms)
    entries, host = list(source.entries), source.host
    if anonymous:
        hiding = Anonymizer([host])
        entries = [_without_text(entry) for entry in entries]
        hiding.learn(entries)
        history = recorded.anonymous(history, hiding)
        entries, host = [hiding.replaced(entry) for entry in entries], ""
    return recording.write(entries, source.planes, time.time_ns(), host, history)


def _without_text(entry: Entry) -> Entry:
    """A file's entry with its values instead of the lines that they were read from."""
    if not isinstance(entry, FileEntry):
        return entry
    return msgspec.structs.replace(entry, props=plain(entry).props, text=b"", head=b"")
