"""The store of extensions, requests and decisions: SQLite, one file in the state folder.

WAL with synchronous FULL: what `commit` returned from survives a crash of the machine.
Source: sqlite.org/wal.html, pragma.html (synchronous, quick_check, user_version).
Invariant: one transaction a change; a file that fails its check is set aside, never rewritten.
"""

import sqlite3
from pathlib import Path

from runtime.extensions.contents import MIGRATIONS, Changes, Contents, read, write
from runtime.model.errors import UnavailableError

FILE = "extensions.sqlite"
BUSY_SECONDS = 1.0
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


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
                write(self._connection, changes)
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
            return connection, read(connection)
        except ValueError as error:
            connection.close()
            raise _BrokenError(str(error)) from error
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
