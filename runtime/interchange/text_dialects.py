"""Brings what people made of `ioreg`'s text back to plain lines that end in a line feed.

Dumps are pasted into word processors (RTF), web pages (HTML) and Windows editors (CRLF, UTF-16).
Invariant: pure; a dump that is plain already comes out as the very same object.
"""

import html
import re

from runtime.interchange.registry_file import Warnings

_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
_RTF_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\u(-?\d{1,6}) ?\??|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\(.)|([{}])"
    rb"|([\r\n]+)|([^\\{}\r\n]+)",
    re.DOTALL,
)
_RTF_HIDDEN = {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"expandedcolortbl", b"listtable"}
_RTF_SYMBOLS = {b"~": b" ", b"\\": b"\\", b"{": b"{", b"}": b"}"}
_RTF_BREAKS = {b"par", b"line"}
_TAG = re.compile(rb"</?(?:pre|code|span|div|p|html|body|head|meta|title|font|b|i)\b[^<>]*>", re.I)
_BREAK = re.compile(rb"<br\s*/?>\n?", re.I)


def plain_text(data: bytes, warnings: Warnings) -> bytes:
    """The lines of a dump, each with its line feed."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            data = text.encode("utf-8", "replace")
            break
    if data.startswith(b"{\\rtf"):
        data = _from_rtf(data)
    head = data[: 64 << 10]
    first = head[head.find(b"+-o ") :].partition(b"\n")[0]
    if b"&lt;" in first and b"<class" not in first:
        data = _from_html(data)
        head = data[: 64 << 10]
    first, line_feed, _ = head[head.find(b"+-o ") :].partition(b"\n")
    if first.endswith(b"\r") or (b"\r" in first and not line_feed):
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        warnings.add("last line: expected a line feed at its end, found the end of the file")
        data += b"\n"
    return data


def _from_html(data: bytes) -> bytes:
    data = _TAG.sub(b"", _BREAK.sub(b"\n", data)).replace(b"&nbsp;", b" ")
    return html.unescape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _from_rtf(data: bytes) -> bytes:
    """The text of an RTF document. Source: Rich Text Format Specification 1.9."""
    made: list[bytes] = []
    hidden: list[bool] = [False]  # one a group: whether its text is shown
    for token in _RTF_TOKEN.finditer(data):
        _octet, _code, word, _number, symbol, brace, _newline, _text = token.groups()
        if brace == b"{":
            hidden.append(hidden[-1])
        elif brace == b"}":
            if len(hidden) > 1:
                hidden.pop()
        elif word in _RTF_HIDDEN or symbol == b"*":
            hidden[-1] = True
        elif not hidden[-1]:
            made.append(_rtf_text(token))
    return b"".join(made)


def _rtf_text(token: re.Match[bytes]) -> bytes:
    """What a token of a group that is shown stands for; most stand for nothing."""
    octet, code, word, _number, symbol, _brace, _newline, text = token.groups()
    if text is not None:
        return bytes(text)
    if octet is not None:
        return bytes.fromhex(octet.decode()).decode("cp1252", "replace").encode()
    if code is not None:
        return chr(int(code) & 0xFFFF).encode("utf-8", "replace")
    if word in _RTF_BREAKS or symbol in {b"\n", b"\r"}:
        return b"\n"
    return _RTF_SYMBOLS.get(symbol, b"\t" if word == b"tab" else b"")
