"""Writes XML property lists of any depth.

Python's plistlib calls itself for each level, and a registry may have more levels than that can.
Source: plist(5). Invariant: no level of the value is a level of Python's stack; keys are sorted.
"""

import base64
from collections.abc import Iterator

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" '
    '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
    '<plist version="1.0">\n'
)
_TABS = 16  # deeper levels are not indented further, or the file would grow with its square
# XML 1.0 has neither control characters nor the last two of the plane: they are left out.
_ESCAPES: dict[int, str | None] = dict.fromkeys((*range(32), 65534, 65535))
_ESCAPES |= {9: "\t", 10: "\n", 13: "&#13;", 38: "&amp;", 60: "&lt;", 62: "&gt;"}


def dump(top: object) -> bytes:
    """The list of a value: text, numbers, booleans, bytes, lists and dictionaries of them."""
    return "".join((HEAD, *_lines(top), "</plist>\n")).encode()


def escaped(text: str) -> str:
    """Text between tags."""
    return text.translate(_ESCAPES)


def _lines(top: object) -> Iterator[str]:
    waiting: list[tuple[str, Iterator[tuple[str | None, object]]]] = []
    pair: tuple[str | None, object] | None = (None, top)
    while True:
        tabs = "\t" * min(len(waiting), _TABS)
        if pair is not None:
            key, value = pair
            if key is not None:
                yield f"{tabs}<key>{escaped(key)}</key>\n"
            if isinstance(value, dict | list) and value:
                tag = "dict" if isinstance(value, dict) else "array"
                yield f"{tabs}<{tag}>\n"
                waiting.append((tag, _items(value)))
            else:
                yield f"{tabs}{_scalar(value)}\n"
        if not waiting:
            return
        pair = next(waiting[-1][1], None)
        if pair is None:
            tag, _ = waiting.pop()
            yield "\t" * min(len(waiting), _TABS) + f"</{tag}>\n"


def _items(value: dict[str, object] | list[object]) -> Iterator[tuple[str | None, object]]:
    if isinstance(value, dict):
        return iter(sorted(value.items(), key=lambda item: item[0]))
    return ((None, item) for item in value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return f"<string>{escaped(value)}</string>"
    if isinstance(value, bool):
        return "<true/>" if value else "<false/>"
    if isinstance(value, int):
        return f"<integer>{value}</integer>"
    if isinstance(value, bytes):
        return f"<data>{base64.b64encode(value).decode()}</data>"
    return "<dict/>" if isinstance(value, dict) else "<array/>"
