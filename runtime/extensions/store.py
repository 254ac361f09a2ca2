"""The store of extensions, requests and decisions: SQLite, one file in the state folder.

WAL with synchronous FULL: what `commit` returned from survives a crash of the machine.
Source: sqlite.org/wal.html, pragma.html (synchronous, quick_check, user_version).
Invariant: one transaction a change; a file that fails its check is set aside, never rewritten, and
what it still says is taken over.
"""

import sqlite3
from pathlib import Path

from runtime.extensions.contents import Changes, Contents, read, read_audit, write
from runtime.extensions.migrations import MIGRATIONS, schema, version_of
from runtime.extensions.salvage import PARTS, Salvaged, salvage
from runtime.extensions.soundness import repairs
from runtime.model.audit import AuditEntry
from runtime.model.errors import UnavailableError

FILE = "extensions.sqlite"
BUSY_SECONDS = 1.0
NOTES = 5  # sentences about repairs; the records say the rest
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
            self._connection, self._contents = self._open()
            self._restore(aside, str(error))
        self._file = _identity(self.path)
        self._repair()

    def read(self) -> Contents:
        """What the file held when it was opened."""
        return self._contents

    def keeps_broken(self) -> bool:
        """Whether a broken file lies beside it, which somebody may still mend and put back."""
        return any(self.path.parent.glob(f"{FILE}.broken-*"))

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

    def audit(self, before: int, most: int) -> list[AuditEntry]:
        """Audit entries, newest first; those before a number, if it is not 0.

        Raises:
            UnavailableError: They cannot be read.
        """
        try:
            return read_audit(self._connection, before, most)
        except (sqlite3.Error, ValueError) as error:
            raise self._unavailable(str(error)) from error

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    def _restore(self, aside: Path, why: str) -> None:
        """Take over what can be read of the broken file."""
        try:
            found = salvage(aside)
        except OSError as error:
            found = Salvaged(Changes())
            why = f"{why}; not copied: {error.strerror or error}"
        self._file = _identity(self.path)
        self.commit(found.changes)
        self._contents = read(self._connection)
        self.notes = (
            *self.notes,
            f"{self.path.name} was broken ({why}) and is kept as {aside.name}; {found.read} of its "
            f"records could be read and {found.lost} not: what is missing has to be approved again",
        )

    def _repair(self) -> None:
        """Make the records agree with each other, and tell."""
        changes, said = repairs(self._contents)
        if said:
            self.commit(changes)
            self._contents = read(self._connection)
            self.notes = (*self.notes, *said[:NOTES])

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
        if version != len(MIGRATIONS):
            version = self._true_version(connection, version)
        if version > len(MIGRATIONS):
            raise self._unavailable(f"version {version}, of a newer program")
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.executescript(f"BEGIN; {script} PRAGMA user_version={number}; COMMIT;")
        self.path.chmod(0o600)

    def _true_version(self, connection: sqlite3.Connection, said: int) -> int:
        """The version that a file has by its schema, which counts for more than its number."""
        found = version_of(schema(connection))
        if found is None or found == said:
            return said
        connection.execute(f"PRAGMA user_version={found}")
        self.notes = (
            f"{self.path.name} said that it is of version {said} and has the tables of version "
            f"{found}: the number was mended, nothing is lost",
        )
        return found

    def _set_aside(self) -> Path:
        """Rename the file with its log; a free name is found by counting."""
        number = 1
        while (aside := self.path.with_name(f"{FILE}.broken-{number}")).exists():
            number += 1
        for suffix in PARTS:
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
