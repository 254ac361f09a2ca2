"""The one way to say that something signed is not what it has to be.

Invariant: every refusal is one sentence: object, what was expected, what was found.
"""

from runtime.model.errors import SignatureError

SHOWN = 200  # characters of what was found: it may come from the file


def broken(where: str, expected: str, found: str) -> SignatureError:
    """Build the error; what would break the line is escaped."""
    shown = found[:SHOWN]
    if not shown.isprintable():
        shown = shown.encode("unicode_escape").decode()
    return SignatureError("signature", f"{where}: expected {expected}, found {shown}")
