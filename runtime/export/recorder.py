"""Leaves secrets out, and makes recordings: a registry, and where wanted its past, in one file.

Invariant: what is anonymous has no serial number and no host name that is known.
"""

import msgspec

from runtime.export.taken import Taken
from runtime.interchange import recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.interchange.registry_file import FileEntry, plain
from runtime.model.entry import Entry


def write(taken: Taken) -> bytes:
    """The recording of a registry."""
    return recording.write(
        taken.entries,
        taken.planes,
        taken.wall_ns,
        taken.host,
        history=taken.history,
        events=taken.events,
    )


def anonymous(taken: Taken) -> Taken:
    """The registry without serial numbers and host names.

    Raises:
        BreachError: Its past is none.
    """
    hiding = Anonymizer([taken.host])
    entries = [_without_text(entry) for entry in taken.entries]
    hiding.learn(entries)
    history = recorded.anonymous(taken.history, hiding)
    return msgspec.structs.replace(
        taken,
        entries=[hiding.replaced(entry) for entry in entries],
        host="",
        history=history,
        events=[hiding.replaced(event) for event in taken.events],
    )


def _without_text(entry: Entry) -> Entry:
    """A file's entry with its values instead of the lines that they were read from."""
    if not isinstance(entry, FileEntry):
        return entry
    return msgspec.structs.replace(entry, props=plain(entry).props, text=b"", head=b"")
