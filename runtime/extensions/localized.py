"""What an extension is called in other languages: ``xx.lproj/InfoPlist.strings``.

A strings file is text (``"key" = "value";``, UTF-8 or UTF-16, with comments) or a property list.
Source: Apple, Bundle Programming Guide (localized property list values), Internationalization
Guide (strings files).
Invariant: bytes in, values or `BundleError` out; nothing here changes what an extension may do.
"""

import codecs
import re
from collections.abc import Iterator, Mapping

from runtime.extensions import plist
from runtime.extensions.codes import refused
from runtime.model.records import Localized

STRINGS = "InfoPlist.strings"
MOST_LANGUAGES = 64
NAME = 256  # characters, as in Info.plist
USAGE = 1024
MOST_BYTES = 256 << 10  # of strings files together: reading 1 MB takes seconds
MOST_CHARACTERS = 12_000  # together: they travel with the rest of a manifest in one packet
_PATH = re.compile(r"(?:Resources/)?([A-Za-z0-9_-]{2,32})\.lproj/InfoPlist\.strings")
_OLD_NAMES = {
    "Dutch": "nl",
    "English": "en",
    "French": "fr",
    "German": "de",
    "Italian": "it",
    "Japanese": "ja",
    "Spanish": "es",
}
_TOKEN = re.compile(
    r"""\s+ | /\*.*?\*/ | //[^\n]* | (?P<mark>[=;])
      | "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[\w.$-]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:U([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}


def read_localized(files: Mapping[str, bytes], usage_key: str, where: str) -> tuple[Localized, ...]:
    """The display names and usage descriptions of a bundle, by language.

    Raises:
        BundleError: A strings file cannot be read, or they are too many or too long.
    """
    found: list[Localized] = []
    matches = [match for path in sorted(files) if (match := _PATH.fullmatch(path))]
    size = sum(len(files[match[0]]) for match in matches)
    if len(matches) > MOST_LANGUAGES or size > MOST_BYTES:
        raise refused(
            f"{where}: *.lproj/{STRINGS}",
            f"at most {MOST_LANGUAGES} languages and {MOST_BYTES} bytes",
            f"{len(matches)} and {size}",
        )
    for match in matches:
        table = read_strings(files[match[0]], f"{where}/{match[0]}")
        name = table.get("CFBundleDisplayName") or table.get("CFBundleName", "")
        language = _OLD_NAMES.get(match[1], match[1]).replace("_", "-")
        found.append(Localized(language, name[:NAME], table.get(usage_key, "")[:USAGE]))
    length = sum(len(one.name) + len(one.usage) for one in found)
    if length > MOST_CHARACTERS:
        raise refused(
            f"{where}: *.lproj/{STRINGS}", f"at most {MOST_CHARACTERS} characters", f"{length}"
        )
    return tuple(found)


def read_strings(data: bytes, path: str) -> dict[str, str]:
    """The texts of a strings file, by key; `path` names it in errors.

    Raises:
        BundleError: It is none.
    """
    if len(data) > plist.MAX_BYTES:
        raise refused(path, f"at most {plist.MAX_BYTES} bytes", f"{len(data)}")
    if data.startswith(b"bplist") or data.lstrip().startswith(b"<?xml"):
        table = plist.read(data, path)
        return {key: value for key, value in table.items() if isinstance(value, str)}
    try:
        text = data.decode("utf-16" if data[:2] in _UTF_16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise refused(path, "text in UTF-8 or UTF-16", "other bytes") from None
    return dict(_pairs(list(_words(text, path)), path))


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _words(text: str, path: str) -> Iterator[str]:
    """The marks as they are, and every word with a quotation mark before it."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise refused(f"{path}: line {line}", '"key" = "value";', "something else")
        position = match.end()
        if match["mark"]:
            yield match["mark"]
        elif match["bare"] is not None:
            yield f'"{match["bare"]}'
        elif match["quoted"] is not None:
            yield '"' + _unquoted(match["quoted"], path)


def _pairs(words: list[str], path: str) -> Iterator[tuple[str, str]]:
    for first in range(0, len(words), 4):
        key, *rest = words[first : first + 4]
        if len(rest) != 3 or (rest[0], rest[2]) != ("=", ";") or not (key[0] == rest[1][0] == '"'):
            raise refused(f"{path}: {key[1:41]}", '"key" = "value";', "something else")
        yield key[1:], rest[1][1:]


def _unquoted(quoted: str, path: str) -> str:
    """What a quoted word says; an escape is a UTF-16 unit, of which two may be one character."""
    units = _ESCAPE.sub(_unescaped, quoted)
    try:
        return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise refused(path, "characters", f"half of one in {quoted[:40]}") from None


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _CONTROLS.get(match[2], match[2])
