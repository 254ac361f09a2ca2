"""The columns of the extensions table. Invariant: pure functions of `Row`."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.extensions import words
from ioregui.extensions.words import Row
from ioregui.records.column import Column

translate = QCoreApplication.translate


def key(row: Row) -> str:
    """Return what tells extensions apart."""
    return row.extension.id


def order(row: Row) -> tuple[str, str]:
    """Return what the table is sorted by."""
    return row.extension.name.casefold(), row.extension.version


def orders() -> dict[str, Callable[[Row], Any]]:
    """Return what the table can be sorted by, in the user's words; the first one at first."""
    return {
        translate("extensions", "Sorted by name"): order,
        translate("extensions", "Sorted by app"): lambda row: (app(row).casefold(), *order(row)),
        translate("extensions", "Sorted by team"): lambda row: (words.team(row), *order(row)),
        translate("extensions", "Sorted by kind"): lambda row: (
            row.extension.category,
            *order(row),
        ),
    }


def bundle_id(row: Row) -> str:
    """Return the bundle identifier."""
    return plaintext.plain(row.extension.bundle_id)


def app(row: Row) -> str:
    """Return the app that carries the extension."""
    return plaintext.plain(row.extension.app)


def signature(row: Row) -> str:
    """Return who signed it, or that nobody did."""
    return plaintext.plain(row.extension.signature)


def drivers(row: Row) -> str:
    """Return how many of its drivers have a process now."""
    return str(row.live)


def columns() -> tuple[Column[Row], ...]:
    """Return the columns, from left to right, in the user's language."""
    return (
        Column(
            translate("extensions", "Name"),
            translate("extensions", "Its display name."),
            words.name,
            20,
        ),
        Column(
            translate("extensions", "Version"),
            translate("extensions", "The version for people, and the build."),
            words.version,
            11,
        ),
        Column(
            translate("extensions", "State"),
            translate("extensions", "Whether it may run, and if not why."),
            words.state_word,
            23,
            words.state_tone,
        ),
        Column(
            translate("extensions", "Drivers"),
            translate("extensions", "How many of its drivers have a process now."),
            drivers,
            6,
            numeric=True,
        ),
        Column(
            translate("extensions", "Identifier"),
            translate("extensions", "Its bundle identifier (CFBundleIdentifier)."),
            bundle_id,
            24,
            grows=True,
        ),
        Column(
            translate("extensions", "App"),
            translate("extensions", "The app that carries it."),
            app,
            14,
            optional=True,
        ),
        Column(
            translate("extensions", "Team"),
            translate("extensions", "The team that signed it."),
            words.team,
            11,
            optional=True,
        ),
        Column(
            translate("extensions", "Kind"),
            translate("extensions", "What kind of system extension it is."),
            words.kind,
            9,
            optional=True,
        ),
        Column(
            translate("extensions", "Signature"),
            translate("extensions", "Who vouches for it."),
            signature,
            14,
        ),
    )
