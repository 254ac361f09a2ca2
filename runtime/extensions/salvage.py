"""What can still be read of a broken store, into a new one.

Every table is read from both ends up to what is damaged, and each row is decoded by itself.
Source: sqlite.org/recovery.html ("goals and limitations"); rowids are in the order of the pages.
Invariant: works on a copy; the broken file stays as it was found.
"""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from runtime.extensions import contents
from runtime.extensions.contents import Changes
from runtime.model.identity import BundleId, ContentHash

PARTS = ("", "-wal", "-shm")
"""A database and what SQLite keeps beside it."""


class Salvaged(msgspec.Struct):
    """The records that were read, how many those are, and how many could not be."""

    changes: Changes
    read: int = 0
    lost: int = 0


def salvage(broken: Path) -> Salvaged:
    """Read what can be read; blocks.

    Raises:
        OSError: The file cannot be copied.
    """
    with tempfile.TemporaryDirectory(dir=broken.parent, prefix=".tmp-salvage-") as folder:
        copy = Path(folder) / broken.name
        for part in PARTS:
            if (source := Path(f"{broken}{part}")).exists():
                shutil.copy(source, f"{copy}{part}")
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.text_factory = lambda data: data.decode(errors="replace")
            return _read(connection)


def _read(connection: sqlite3.Connection) -> Salvaged:
    found = Salvaged(Changes())
    for table, columns, take in _TABLES:
        for row in _rows(connection, table, columns):
            try:
                take(found.changes, row)
            except (msgspec.MsgspecError, TypeError, ValueError):
                found.lost += 1
            else:
                found.read += 1
    numbers = [
        int(number)
        for key in found.changes.requests
        if (number := key[key.rfind(":") + 1 :]).isdigit()
    ]
    found.changes.number = max([found.changes.number or 0, *numbers])
    return found


def _rows(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, in their order: from the first on, and from the last back."""
    rows: dict[int, tuple[Any, ...]] = {}
    for order in ("ASC", "DESC"):
        query = f"SELECT rowid, {columns} FROM {table} ORDER BY rowid {order}"  # noqa: S608 - ours
        with contextlib.suppress(sqlite3.Error):
            for number, *values in connection.execute(query):
                if number in rows and order == "DESC":
                    break  # both ways met: nothing between them is damaged
                rows[number] = tuple(values)
    for number in sorted(rows):
        yield rows[number]


def _extension(changes: Changes, row: tuple[Any, ...]) -> None:
    known = contents.decode_extension(*row)
    changes.extensions[known.record.id] = known


def _request(changes: Changes, row: tuple[Any, ...]) -> None:
    request = contents.decode_request(*row)
    int(request.id.rpartition(":")[2])  # its number; what has none is none of ours
    changes.requests[request.id] = request


def _decision(changes: Changes, row: tuple[Any, ...]) -> None:
    bundle_id, content_hash, uid, record = row
    key = BundleId(str(bundle_id)), ContentHash(str(content_hash)), int(uid)
    changes.decisions[key] = contents.decode_decision(record)


def _takeover(changes: Changes, row: tuple[Any, ...]) -> None:
    bundle_id, content_hash, path, record = row
    key = BundleId(str(bundle_id)), ContentHash(str(content_hash)), str(path)
    changes.takeovers[key] = contents.decode_decision(record)


def _profile(changes: Changes, row: tuple[Any, ...]) -> None:
    profile = contents.decode_profile(*row)
    changes.profiles[profile.identifier] = profile


def _entry(changes: Changes, row: tuple[Any, ...]) -> None:
    changes.audit.append(contents.decode_entry(*row))


def _setting(changes: Changes, row: tuple[Any, ...]) -> None:
    name, value = row
    if name == "developer":
        changes.developer = bool(int(value))
    elif name == "number":
        changes.number = int(value)


_TABLES: tuple[tuple[str, str, Callable[[Changes, tuple[Any, ...]], None]], ...] = (
    ("extensions", "record, manifest", _extension),
    ("requests", "record", _request),
    ("decisions", "bundle_id, content_hash, uid, record", _decision),
    ("takeovers", "bundle_id, content_hash, path, record", _takeover),
    ("profiles", "record", _profile),
    ("audit", "record", _entry),
    ("settings", "name, value", _setting),
)
