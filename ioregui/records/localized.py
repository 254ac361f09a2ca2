"""What an extension is called in the user's language.

Invariant: pure; what is returned still comes from outside, and is made safe where it is shown.
"""

from collections.abc import Sequence

from PySide6.QtCore import QLocale

from runtime.model.records import Extension, Localized, Request


def name(record: Extension | Request) -> str:
    """Return the display name in the user's language, else the bundle's own."""
    found = best(record.localized, QLocale().uiLanguages())
    return (found.name if found else "") or record.name


def usage(record: Extension | Request) -> str:
    """Return the usage description in the user's language, else the bundle's own."""
    found = best(record.localized, QLocale().uiLanguages())
    return (found.usage if found else "") or record.usage


def best(localized: Sequence[Localized], languages: Sequence[str]) -> Localized | None:
    """Return the text of the first language that there is, or of its language without a region."""
    known = {one.language.casefold(): one for one in localized}
    for language in languages:
        parts = language.replace("_", "-").casefold().split("-")
        while parts:
            if (found := known.get("-".join(parts))) is not None:
                return found
            parts.pop()
    return None
