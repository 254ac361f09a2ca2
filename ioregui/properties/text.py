"""Rows of properties as plain text, for the clipboard.

Invariant: Qt-free; says what the inspector says.
"""

from collections.abc import Iterable

from ioregui.properties.rows import Row, of_entry
from runtime.model.entry import Entry


def rows_text(rows: Iterable[Row]) -> str:
    """Return one line a row, indented."""
    return "".join(f"{'  ' * row.depth}{row.key}{_value(row)}\n" for row in rows)


def entry_text(entry: Entry, path: str = "") -> str:
    """Return an entry and its properties."""
    return f"{entry.title}\n{rows_text(of_entry(entry, path, ''))}"


def _value(row: Row) -> str:
    return f" = {row.value}" if row.value else ""
