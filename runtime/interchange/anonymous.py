"""Leaves serial numbers and host names out of what is sent to others.

A secret becomes the same stand-in wherever it occurs, also inside other texts (`ID_SERIAL`,
`DEVLINKS`, paths), so that what belonged together still does.
Invariant: keys, numbers of entries and the order of everything stay.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import BreachError
from runtime.wire import codec

SHORTEST = 4  # characters of a secret that is looked for inside other texts
_KEYS = re.compile(
    r"serial|uuid|uniq|wwn|wwid|unique.?id|mac.?address|hwaddr|_mac$|^address$|host.?name", re.I
)
_COMPOSED = re.compile(r"^(ID_SERIAL|ID_SCSI_SERIAL|SCSI_IDENT_.*)$")  # say more than the serial
_EMPTY = re.compile(r"[\W0_]*|localhost|(none|unknown|to be filled.*)", re.I)

T = TypeVar("T")


class Anonymizer:
    """Learns secrets, then replaces them.

    Args:
        hosts: Names of the machine.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._secrets: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        for host in hosts:
            for name in (host, host.partition(".")[0]):
                self._learn(name, "host")

    def learn(self, entries: Iterable[Entry]) -> None:
        """Learn the secrets of entries; call it with all before the first `replaced`.

        Raises:
            BreachError: An entry's properties are none.
        """
        for entry in entries:
            self._walk(properties.decode(entry.props), "")

    def replaced(self, value: T) -> T:
        """A value of any wire type without the secrets.

        Raises:
            BreachError: The value cannot be encoded.
        """
        try:
            plain = msgspec.msgpack.decode(codec.encode(value))
            return msgspec.msgpack.decode(codec.encode(self._clean(plain, "")), type=type(value))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BreachError(f"entry: expected one that can be encoded, found {error}") from error

    def _walk(self, value: object, key: str) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                self._walk(item, str(name))
        elif isinstance(value, list):
            for item in value:
                self._walk(item, key)
        elif isinstance(value, str) and _KEYS.search(key) and not _COMPOSED.match(key):
            self._learn(value, "hidden")

    def _learn(self, secret: str, word: str) -> None:
        if len(secret) >= SHORTEST and not _EMPTY.fullmatch(secret):
            self._secrets.setdefault(secret, f"{word}-{len(self._secrets) + 1}")
            self._pattern = None

    def _clean(self, value: object, key: str) -> object:
        if isinstance(value, dict):
            return {name: self._clean(item, str(name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self._clean(item, key) for item in value]
        secret = bool(_KEYS.search(key))
        if isinstance(value, str):
            return self._text(value, whole=secret and not _COMPOSED.match(key))
        if isinstance(value, bytes) and secret:
            return bytes(len(value))
        if isinstance(value, int) and secret and not isinstance(value, bool):
            return 0
        return value

    def _text(self, text: str, *, whole: bool) -> str:
        if self._pattern is None:
            longest = sorted(self._secrets, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)")
        if whole and not _EMPTY.fullmatch(text):
            return self._secrets.get(text, "hidden")
        return self._pattern.sub(lambda found: self._secrets[found.group()], text)
