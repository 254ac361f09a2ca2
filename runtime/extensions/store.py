"""The store of extensions, requests and decisions: SQLite, one file in the state folder.

WAL with synchronous FULL: what `commit` returned from survives a crash of the machine.
Records are stored encoded; fields are only ever appended, as on the wire.
Source: sqlite.org/wal.html, pragma.html (synchronous, quick_check, user_version).
Invariant: one transaction a change; a file that fails its check is set aside, never rewritten.
"""

import sqlite3
from pathlib import Path

import msgspec

from runtime.extensions.manifest import Manifest
from runtime.model.errors import UnavailableError
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.records import Extension, Request

FILE = "extensions.sqlite"
BUSY_SECONDS = 1.0
MIGRATIONS = (
    """
    CREATE TABLE extensions (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE, record BLOB NOT NULL, manifest BLOB NOT NULL);
    CREATE TABLE requests (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE, record BLOB NOT NULL);
    CREATE TABLE decisions (
        bundle_id TEXT NOT NULL, content_hash TEXT NOT NULL, uid INTEGER NOT NULL,
        record BLOB NOT NULL, PRIMARY KEY (bundle_id, content_hash, uid));
    CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    """,
)
"""Each brings the file from the version of its index to the next one."""

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})

DecisionKey = tuple[BundleId, ContentHash, int]
"""Bundle id, content hash and uid: what an approval belongs to."""


class KnownExtension(msgspec.Struct, frozen=True):
    """An extension with what its staged copy says of it."""

    record: Extension
    manifest: Manifest


class StoredDecision(msgspec.Struct, frozen=True, array_like=True):
    """Somebody's answer."""

    approved: bool
    by: str
    note: str
    wall_ns: int


class Contents(msgspec.Struct):
    """Everything in the store; `number` is the last one that a request was given."""

    extensions: dict[str, KnownExtension] = {}
    requests: dict[RequestId, Request] = {}
    decisions: dict[DecisionKey, StoredDecision] = {}
    developer: bool = False
    number: int = 0


class Changes(msgspec.Struct):
    """What one transaction writes; None removes a record or leaves a setting alone."""

    extensions: dict[str, KnownExtension | None] = {}
    requests: dict[RequestId, Request | None] = {}
    decisions: dict[DecisionKey, StoredDecision | None] = {}
    developer: bool | None = None
    number: int | None = None


class Store:
    """The open file. `notes` say what happened to it at opening, one sentence each.

    Raises:
        UnavailableError: The folder or file cannot be written, is locked, or is of a newer
            version of this program.
    """

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self.notes: tuple[str, ...] = ()
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unavailable((error.strerror or str(error)).lower()) from None
        try:
            self._connection, self._contents = self._open()
        except _BrokenError as error:
            aside = self._set_aside()
            self.notes = (
                f"{self.path.name} was broken ({error}) and is kept as {aside.name}; "
                "extensions have to be approved again",
            )
            self._connection, self._contents = self._open()

        self._file = _identity(self.path)

    def read(self) -> Contents:
        """What the file held when it was opened."""
        return self._contents

    def commit(self, changes: Changes) -> None:
        """Write changes in one transaction; on return they are on the disk.

        Raises:
            UnavailableError: They could not be written; nothing of them is.
        """
        if _identity(self.path) != self._file:
            raise self._unavailable("it removed or exchanged; start the runtime anew")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                _write(self._connection, changes)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._unavailable(str(error)) from error

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    def _open(self) -> tuple[sqlite3.Connection, Contents]:
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise self._unavailable(str(error)) from error
        try:
            self._prepare(connection)
            return connection, _read(connection)
        except sqlite3.Error as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF in _BROKEN:
                raise _BrokenError(str(error)) from error
            raise self._unavailable(str(error)) from error
        except (_BrokenError, UnavailableError):
            connection.close()
            raise

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _BrokenError(str(verdict))
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise self._unavailable(f"version {version}, of a newer program")
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.executescript(f"BEGIN; {script} PRAGMA user_version={number}; COMMIT;")
        self.path.chmod(0o600)

    def _set_aside(self) -> Path:
        """Rename the file with its log; a free name is found by counting."""
        number = 1
        while (aside := self.path.with_name(f"{FILE}.broken-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            part = Path(f"{self.path}{suffix}")
            if part.exists():
                part.rename(f"{aside}{suffix}")
        return aside

    def _unavailable(self, found: str) -> UnavailableError:
        return UnavailableError(
            f"{self.path}: expected a database that can be written, found {found}"
        )


def _identity(path: Path) -> tuple[int, int]:
    """Which file a path names; nothing where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


class _BrokenError(Exception):
    """The file is there and is not a healthy store."""


_encode = msgspec.msgpack.encode
_extension = msgspec.msgpack.Decoder(Extension)
_manifest = msgspec.msgpack.Decoder(Manifest)
_request = msgspec.msgpack.Decoder(Request)
_decision = msgspec.msgpack.Decoder(StoredDecision)


def _read(connection: sqlite3.Connection) -> Contents:
    contents = Contents()
    try:
        for record, manifest in connection.execute(
            "SELECT record, manifest FROM extensions ORDER BY position"
        ):
            known = KnownExtension(_extension.decode(record), _manifest.decode(manifest))
            contents.extensions[known.record.id] = known
        for (record,) in connection.execute("SELECT record FROM requests ORDER BY position"):
            request = _request.decode(record)
            contents.requests[request.id] = request
        for bundle_id, content_hash, uid, record in connection.execute(
            "SELECT bundle_id, content_hash, uid, record FROM decisions"
        ):
            contents.decisions[bundle_id, content_hash, uid] = _decision.decode(record)
    except (msgspec.MsgspecError, TypeError) as error:
        raise _BrokenError(str(error)) from error
    settings = dict(connection.execute("SELECT name, value FROM settings").fetchall())
    contents.developer = bool(settings.get("developer", 0))
    contents.number = int(settings.get("number", 0))
    return contents


def _write(connection: sqlite3.Connection, changes: Changes) -> None:
    for extension_id, known in changes.extensions.items():
        if known is None:
            connection.execute("DELETE FROM extensions WHERE id = ?", (extension_id,))
        else:
            connection.execute(
                "INSERT INTO extensions (id, record, manifest) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET record = excluded.record, "
                "manifest = excluded.manifest",
                (extension_id, _encode(known.record), _encode(known.manifest)),
            )
    for request_id, request in changes.requests.items():
        if request is None:
            connection.execute("DELETE FROM requests WHERE id = ?", (request_id,))
        else:
            connection.execute(
                "INSERT INTO requests (id, record) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                (request_id, _encode(request)),
            )
    for key, decision in changes.decisions.items():
        if decision is None:
            connection.execute(
                "DELETE FROM decisions WHERE bundle_id = ? AND content_hash = ? AND uid = ?", key
            )
        else:
            connection.execute(
                "REPLACE INTO decisions (bundle_id, content_hash, uid, record) VALUES (?, ?, ?, ?)",
                (*key, _encode(decision)),
            )
    for name, value in (("developer", changes.developer), ("number", changes.number)):
        if value is not None:
            connection.execute(
                "REPLACE INTO settings (name, value) VALUES (?, ?)", (name, int(value))
            )
