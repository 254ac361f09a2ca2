"""A local notary's book: every ticket that it issued, and those that it took back.

One SQLite file beside the notary's identity. A ticket is in the book before anybody gets it.
Blocks: commands only.
Invariant: a number is given once; what was revoked stays revoked.
"""

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from runtime.signing.errors import broken
from runtime.signing.notary import Ticket

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tickets (
    number TEXT PRIMARY KEY, code TEXT NOT NULL, identifier TEXT NOT NULL, team_id TEXT NOT NULL,
    time INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0)
"""


class Issued(msgspec.Struct, frozen=True):
    """A ticket with when it was taken back, in seconds since 1970; 0 while it holds."""

    ticket: Ticket
    revoked: int


class Ledger:
    """The book of one notary."""

    def __init__(self, path: Path) -> None:
        """Open the book, or begin one.

        Raises:
            SignatureError: It is no such file, or cannot be written.
        """
        self._path = path
        with self._reached() as book:
            book.execute(_SCHEMA)

    def issue(self, code: str, identifier: str, team_id: str) -> Ticket:
        """Write a new ticket down and return it; an app that has one that holds gets it again.

        Raises:
            SignatureError: The book cannot be written.
        """
        with self._reached() as book:
            row = book.execute(
                "SELECT number, code, identifier, team_id, time FROM tickets"
                " WHERE code = ? AND revoked = 0",
                (code,),
            ).fetchone()
            if row is not None:
                return Ticket(*row)
            ticket = Ticket(secrets.token_hex(8), code, identifier, team_id, int(time.time()))
            book.execute(
                "INSERT INTO tickets (number, code, identifier, team_id, time)"
                " VALUES (?, ?, ?, ?, ?)",
                (ticket.number, code, identifier, team_id, ticket.time),
            )
        return ticket

    def issued(self) -> list[Issued]:
        """Every ticket, the oldest first.

        Raises:
            SignatureError: The book cannot be read.
        """
        with self._reached() as book:
            rows = book.execute(
                "SELECT number, code, identifier, team_id, time, revoked FROM tickets"
                " ORDER BY time, number"
            ).fetchall()
        return [Issued(Ticket(*row[:5]), row[5]) for row in rows]

    def revoke(self, number: str) -> None:
        """Take a ticket back; again is fine.

        Raises:
            SignatureError: The notary issued no such ticket.
        """
        with self._reached() as book:
            changed = book.execute(
                "UPDATE tickets SET revoked = max(revoked, ?) WHERE number = ?",
                (int(time.time()), number),
            )
            if changed.rowcount != 1:
                raise broken(f"ticket {number}", "one of this notary", "none")

    @contextlib.contextmanager
    def _reached(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._path)) as book, book:
                yield book
        except sqlite3.Error as error:
            raise broken(str(self._path), "a notary's book", str(error)) from None
