"""Text from outside on its way to a terminal.

Invariant: imports nothing that takes time, so that every command can afford it.
"""

import unicodedata

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells count."""


def plain(text: str) -> str:
    """Text from outside for a terminal: no control, format or bidirectional characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")
