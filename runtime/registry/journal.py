"""The journal of events, and the registry's past, in one SQLite database (WAL, NORMAL).

Events are kept in memory until `flush`, which writes them in one transaction. A database that
cannot be read is set aside under another name, never deleted.
Invariant: numbers count up without gaps, also across restarts; at most `keep` events stay.
"""

import contextlib
import sqlite3
from pathlib import Path

import msgspec

from runtime.model.errors import UnavailableError
from runtime.model.events import Detail, Event, kept
from runtime.model.identity import DriverId
from runtime.registry import segments
from runtime.registry.segments import Segments

KEEP = 100_000  # events; about 20 MB
HISTORY_BYTES = 64 << 20  # of the registry's past; a busy day is about 10 MB
SCHEMA = 3  # of PRAGMA user_version; 1 had no history, 2 no thinned segments

_SLACK = 1_000  # events over `keep` before the oldest are removed: not at every flush
_CREATE = "CREATE TABLE events (number INTEGER PRIMARY KEY, event BLOB NOT NULL)"
_ASIDE = 100  # at most so many set-aside files

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says of a file in which no later write can succeed."""

_encoder = msgspec.msgpack.Encoder()


class Journal:
    """The journal in one file; one thread.

    Args:
        path: The database; its folder must exist.
        keep: How many of the newest events stay.

    Attributes:
        repaired: One sentence when a broken file was set aside, else empty.

    Raises:
        UnavailableError: The file can be neither opened nor set aside.
    """

    def __init__(self, path: Path, keep: int = KEEP) -> None:
        self._path = path
        self._keep = keep
        self._waiting: list[tuple[int, bytes]] = []
        self._segments: Segments | None = None
        self.repaired = ""
        self._use(self._open())
        row = self._database.execute("SELECT max(number), min(number) FROM events").fetchone()
        self._number = row[0] or 0
        self._oldest = row[1] or 1

    def append(
        self, detail: Detail, entry: int, path: str, driver: DriverId, wall_ns: int
    ) -> Event:
        """Add an event and return it with its number; it is on disk after `flush`."""
        self._number += 1
        event = Event(self._number, wall_ns, detail, entry, path, driver)
        self._waiting.append((event.number, _encoder.encode(event)))
        return event

    def recent(self, limit: int) -> list[Event]:
        """The newest events, oldest first; those that a newer version wrote are left out."""
        waiting = [data for _, data in self._waiting[-limit:]] if limit > 0 else []
        try:
            rows = self._database.execute(
                "SELECT event FROM events ORDER BY number DESC LIMIT ?",
                (max(limit - len(waiting), 0),),
            ).fetchall()
        except sqlite3.Error:  # the next `flush` says so
            rows = []
        stored = [data for (data,) in rows]
        return [event for data in (*reversed(stored), *waiting) if (event := kept(data))]

    def flush(self) -> None:
        """Write what waits; afterwards it survives the end of the process.

        Raises:
            UnavailableError: The disk is full or the file is broken; the events keep waiting,
                the newest `keep` of them.
        """
        if not self._waiting:
            return
        try:
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO events VALUES (?, ?)", self._waiting
                )
                self._trim()
        except sqlite3.Error as error:
            del self._waiting[: -self._keep]
            raise UnavailableError(
                f"journal {self._path}: expected to write events, found: {error}"
            ) from error
        self._waiting.clear()

    def heal(self, error: UnavailableError | None = None) -> str:
        """Begin a new file where the present one is gone, or is broken as a failed write says.

        What waits, and the `segments`, go into the new file with the next write.

        Returns:
            One sentence about it; empty where nothing is wrong with the file.

        Raises:
            UnavailableError: No new file can be made.
        """
        cause = error.__cause__ if error is not None else None
        broken = isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode in _BROKEN
        if self._is_there() and not broken:
            return ""
        where = "It was gone"
        if self._path.exists():
            where = f"It was set aside as {self._set_aside().name}"
        fresh = self._new()
        with contextlib.suppress(sqlite3.Error):
            self._database.close()
        self._use(fresh)
        self._oldest = self._number - len(self._waiting) + 1
        if self._segments is not None:
            self._segments.use(fresh)
        return f"The journal was lost while it was written. {where}, and a new one was begun."

    def segments(self, keep: int = HISTORY_BYTES) -> Segments:
        """The registry's past in the same file; usable until `close`."""
        self._segments = Segments(self._database, keep)
        return self._segments

    def close(self) -> None:
        """Flush and close; a second call does nothing.

        Raises:
            UnavailableError: As of `flush`; the file is closed nevertheless.
        """
        try:
            self.flush()
        finally:
            self._waiting.clear()
            self._database.close()

    def _trim(self) -> None:
        if self._number - self._oldest + 1 <= self._keep + _SLACK:
            return
        self._oldest = self._number - self._keep + 1
        self._database.execute("DELETE FROM events WHERE number < ?", (self._oldest,))

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            if _inaccessible(error):
                raise UnavailableError(
                    f"journal {self._path}: expected a file to write to, found: {error}"
                ) from error
            aside = self._set_aside()
            self.repaired = (
                f"The journal could not be read ({error}); it was set aside as {aside.name} "
                "and a new one was begun."
            )
        return self._new()

    def _new(self) -> sqlite3.Connection:
        try:
            self._remove_tails()
            return _connect(self._path)
        except (OSError, sqlite3.DatabaseError) as error:
            raise UnavailableError(
                f"journal {self._path}: expected a new file, found: {error}"
            ) from error

    def _use(self, database: sqlite3.Connection) -> None:
        self._database = database
        found = self._path.stat()
        self._file = (found.st_dev, found.st_ino)

    def _is_there(self) -> bool:
        """Whether the file was neither removed nor replaced: SQLite would not notice."""
        try:
            found = self._path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def _set_aside(self) -> Path:
        names = (self._path.with_name(f"{self._path.name}.broken-{n}") for n in range(1, _ASIDE))
        aside = next((name for name in names if not name.exists()), None)
        if aside is None:
            raise UnavailableError(
                f"journal {self._path}: expected room for a set-aside file, "
                f"found {_ASIDE - 1} of them; remove some"
            )
        try:
            self._path.rename(aside)
        except OSError as error:
            raise UnavailableError(
                f"journal {self._path}: expected to set it aside, found: {error.strerror}"
            ) from error
        return aside

    def _remove_tails(self) -> None:
        for tail in ("-wal", "-shm"):
            self._path.with_name(self._path.name + tail).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1.0)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        _check(database, path)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    """Create the tables of a new file, or see that an old one is whole and ours."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version == 0 and tables == 0:
        with database:
            database.execute(_CREATE)
            _add_history(database)
        return
    if version in {1, 2}:
        with database:
            _add_history(database, from_version=version)
    elif version != SCHEMA:
        raise sqlite3.DatabaseError(f"expected schema {SCHEMA}, found {version}")
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"{path.name}: {verdict}")


def _add_history(database: sqlite3.Connection, from_version: int = 1) -> None:
    for statement in (segments.CREATE if from_version == 1 else ()) + segments.THIN:
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {SCHEMA}")


def _inaccessible(error: sqlite3.DatabaseError) -> bool:
    """Whether the file cannot be opened or written, as opposed to being broken."""
    return isinstance(error, sqlite3.OperationalError)
