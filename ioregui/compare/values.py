"""Values of a comparison in one line, as the inspector would say them.

Invariant: pure; text that came from a file is safe, and every length is bounded.
"""

import msgspec
from PySide6.QtCore import QCoreApplication

from ioregui.plaintext import SENTENCE, plain

PARTS = 40  # items of a nested value that are shown


def value(found: object) -> str:
    """Return a value of `ioreg --diff --json` in one line; “nothing” where a side has none."""
    match found:
        case msgspec.UnsetType():
            text = QCoreApplication.translate("Compare", "nothing")
        case bool():
            text = "Yes" if found else "No"
        case str():
            text = f"“{plain(found, SENTENCE)}”"
        case {"data": str() as data, **others} if not others:
            text = f"<{plain(data, SENTENCE)}>"
        case {"dictionary": dict() as inner, **others} if not others:
            text = _table(inner)
        case dict():
            text = _table(found)
        case list():
            text = f"({_listed([value(item) for item in found[:PARTS]], len(found))})"
        case _:
            text = str(found)
    return text


def _table(found: dict[str, object]) -> str:
    shown = [f"{plain(key)} = {value(found[key])}" for key in list(found)[:PARTS]]
    return f"{{{_listed(shown, len(found))}}}"


def _listed(shown: list[str], count: int) -> str:
    more = [f"… +{count - PARTS}"] if count > PARTS else []
    return plain(", ".join(shown + more), SENTENCE)
