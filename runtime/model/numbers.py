"""Numbers as property lists spell them, and values as people read them.

Matching dictionaries hold numbers as integers, as decimal text and as ``0x…`` text.
Source: real Info.plist files; `OSNumber` compares by value, `OSString` by characters.
Invariant: pure; knows no key.
"""

from runtime.model.properties import Value

_SHOWN = 120  # characters of a value in a sentence


def number(value: Value) -> int | None:
    """The number that a value stands for; None when it stands for none. Booleans are none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        digits = value.strip().lower()
        if "_" in digits:
            return None
        try:
            return int(digits, 16 if digits.startswith("0x") else 10)
        except ValueError:
            return None
    return None


def same(wanted: Value, found: Value) -> bool:
    """Whether two property values are equal: kinds are kept apart, numbers compare by value.

    A number and text are equal when the text spells that number.
    """
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int) != isinstance(found, int):
        left, right = number(wanted), number(found)
        return left is not None and left == right
    return type(wanted) is type(found) and wanted == found


def shown(value: Value | None) -> str:
    """A value for a sentence: short, numbers above 9 also in hexadecimal; "nothing" for None."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value} (0x{value:x})" if value > 9 else str(value)
    if isinstance(value, bytes):
        text = f"<{value.hex()}>"
    elif isinstance(value, list):
        text = "[" + ", ".join(shown(item) for item in value) + "]"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{_line(key)}: {shown(item)}" for key, item in value.items()) + "}"
    else:
        text = _line(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _line(text: str) -> str:
    """Text as it stands where that is one line, else with its control characters escaped."""
    return text if text.isprintable() else repr(text)
