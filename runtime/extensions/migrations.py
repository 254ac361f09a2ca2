"""The tables of the store, from version to version.

Source: sqlite.org/schematab.html, pragma.html (user_version).
Invariant: a migration that was ever released is never changed; each changes the schema.
"""

import contextlib
import sqlite3

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
    """
    CREATE TABLE profiles (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        identifier TEXT NOT NULL UNIQUE, record BLOB NOT NULL);
    """,
    """
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        decided INTEGER NOT NULL, record BLOB NOT NULL);
    CREATE INDEX audit_kinds ON audit (decided, number);
    """,
    """
    CREATE TABLE takeovers (
        bundle_id TEXT NOT NULL, content_hash TEXT NOT NULL, path TEXT NOT NULL,
        record BLOB NOT NULL, PRIMARY KEY (bundle_id, content_hash, path));
    """,
)
"""Each brings the file from the version of its index to the next one, and changes the schema: by it
a damaged number of a version is told from a newer program's."""

Schema = frozenset[tuple[str, str]]
"""Names and definitions of the tables and indices of a file."""


def schema(connection: sqlite3.Connection) -> Schema:
    """What a file has; reads it.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    query = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
    return frozenset(connection.execute(query))


def version_of(found: Schema) -> int | None:
    """The version whose schema this is; None where it is of none that is known here."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        for version, script in enumerate(("", *MIGRATIONS)):
            model.executescript(script)
            if schema(model) == found:
                return version
    return None
