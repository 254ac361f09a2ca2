"""Property values as `ioreg` printed them, read back.

The text is ambiguous: nothing in a string is escaped, a set of bytes may stand as text. A string
ends at the first quote that lets the whole be read.
Source: IOKitTools, ioreg.c (cfshow and its kin); dumps of 10.5 to 14.
Invariant: pure; what cannot be read stays text and is complained of, never repaired.
"""

import re
from typing import NamedTuple

from runtime.model.properties import DEPTH, Value

_NUMBER_MAX = 1 << 64
_ATOM = re.compile(rb"(?:0x([0-9a-fA-F]{1,16})|(-?[0-9]{1,20})|(Yes)|(No))(?=[,)}\]]|\Z)")
_DATA = re.compile(rb"<([0-9a-fA-F ]*)>")
_STRINGS = re.compile(rb'<("[^>]*")>(?=[,)}\]]|\Z)')
_KEY = re.compile(rb'"(.*?)"=', re.DOTALL)
_PAIR = re.compile(rb'"([^"]*)"=(?:([0-9]{1,18})|(Yes)|(No)|"([^"]*)")(?:(,)(?=")|(?=}))')
_STRING = re.compile(rb'"(.*?)"(?=,"|,[0-9({<\[YN-]|[)}\]])', re.DOTALL)
_CLOSING = {b"(": b")", b"[": b"]", b"{": b"}"}
_AFTER = {b",", b")", b"]", b"}"}


class _UnreadableError(Exception):
    """Not a value of ioreg's grammar; says where."""


def parse(text: bytes) -> tuple[Value, str]:
    """A value and empty text; or what could be read of it, and what was wrong.

    Where nothing could be read, the value is the text as it stands.
    """
    gaps: list[int] = []
    try:
        value = _whole(text, gaps)
    except _UnreadableError as error:
        shown = text[:60].decode("utf-8", "replace")
        return _text(text), f"expected a value, found {shown!r} ({error})"
    if gaps:
        return value, f"expected a value at byte {gaps[0]}, found nothing"
    return value, ""


def _whole(text: bytes, gaps: list[int]) -> Value:
    if text[:1] == b'"' and text[-1:] == b'"' and len(text) > 1:
        return _text_or_data(text[1:-1])
    if text[:1] == b"<" and text[-1:] == b">":
        return _data(text)
    atom = _ATOM.match(text)
    if atom is not None and atom.end() == len(text):
        return _number(atom)
    if text[:1] in {b"(", b"[", b"{"}:
        value, end = _container(text, gaps)
        if end == len(text):
            return value
        raise _UnreadableError(f"more after byte {end}")
    raise _UnreadableError("no known form" if text else "nothing")


def _data(text: bytes) -> bytes:
    body = text[1:-1]
    if body[:1] == b'"':
        if body[-1:] != b'"' or len(body) < 2:
            raise _UnreadableError("data without its last quote")
        return body[1:-1].replace(b'","', b"\0") + b"\0"
    try:
        return bytes.fromhex(body.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as error:
        raise _UnreadableError("data that is not hexadecimal") from error


def _number(atom: re.Match[bytes]) -> Value:
    if atom[3]:
        return True
    if atom[4]:
        return False
    number = int(atom[1], 16) if atom[1] else int(atom[2])
    if not -(_NUMBER_MAX >> 1) <= number < _NUMBER_MAX:
        raise _UnreadableError("number of more than 64 bits")
    return number


class _Open(NamedTuple):
    """A container that is not closed yet; `key` is its own in the one around it."""

    closing: bytes
    items: list[Value] | dict[str, Value]
    key: str


def _container(text: bytes, gaps: list[int]) -> tuple[Value, int]:
    """Read one container from the start; returns it and the position after it."""
    stack: list[_Open] = []
    at, key = 0, ""
    while True:
        value: Value
        opening = text[at : at + 1]
        if opening in _CLOSING:
            if len(stack) >= DEPTH:
                raise _UnreadableError(f"more than {DEPTH} containers in each other")
            closing, at = _CLOSING[opening], at + 1
            items: list[Value] | dict[str, Value] = [] if opening != b"{" else {}
            if isinstance(items, dict):
                at = _plain_pairs(text, at, items)
            if text[at : at + 1] != closing:
                stack.append(_Open(closing, items, key))
                key, at = _key(text, at) if isinstance(items, dict) else ("", at)
                continue
            value, at = items, at + 1
        else:
            value, at = _scalar(text, at, gaps)
        closed, key, at = _put(text, at, stack, key, value)
        if closed is not None:
            return closed, at


def _put(
    text: bytes, at: int, stack: list[_Open], key: str, value: Value
) -> tuple[Value | None, str, int]:
    """Put a value where it belongs and close what ends after it.

    Returns:
        The outermost container where that was closed, else None; the key of the next value; the
        position to go on at.
    """
    while stack:
        top = stack[-1]
        if isinstance(top.items, dict):
            top.items[key] = value
        else:
            top.items.append(value)
        after = text[at : at + 1]
        at += 1
        if after == b"," and isinstance(top.items, dict):
            at = _plain_pairs(text, at, top.items)
            if text[at : at + 1] != top.closing:
                key, at = _key(text, at)
                return None, key, at
            at += 1
        elif after == b",":
            return None, "", at
        elif after != top.closing:
            raise _UnreadableError(f"byte {at - 1}: no comma and no {top.closing.decode()}")
        value, key = top.items, top.key
        stack.pop()
    return value, "", at


def _plain_pairs(text: bytes, at: int, into: dict[str, Value]) -> int:
    """Read pairs of text and numbers, as far as they go; returns where they end."""
    while (pair := _PAIR.match(text, at)) is not None:
        raw, number, yes, _no, string, comma = pair.groups()
        value: Value
        if number is not None:
            value = int(number)
        elif string is not None:
            value = _text_or_data(string)
        else:
            value = yes is not None
        into[_text(raw)] = value
        at = pair.end()
        if comma is None:
            break
    return at


def _key(text: bytes, at: int) -> tuple[str, int]:
    found = _KEY.match(text, at)
    if found is None:
        raise _UnreadableError(f"byte {at}: no key")
    return _text(found[1]), found.end()


def _scalar(text: bytes, at: int, gaps: list[int]) -> tuple[Value, int]:
    atom = _ATOM.match(text, at)
    if atom is not None:
        return _number(atom), atom.end()
    data = _DATA.match(text, at) or _STRINGS.match(text, at)
    if data is not None:
        return _data(data[0]), data.end()
    string = _STRING.match(text, at)
    if string is not None:
        return _text_or_data(string[1]), string.end()
    if text[at : at + 1] in _AFTER:
        gaps.append(at)  # ioreg prints nothing for a text that it cannot convert
        return "", at
    raise _UnreadableError(f"byte {at}: no value")


def _text_or_data(raw: bytes) -> str | bytes:
    """Text; what is not UTF-8 becomes data."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
