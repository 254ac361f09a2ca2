"""One difference between two registries, as a line of `ioreg --diff --json` has it.

Invariant: Qt-free; what comes from a file is made safe where it is shown, not here.
"""

import enum

import msgspec


class Kind(enum.StrEnum):
    """What became of an entry, in the order of the output."""

    REMOVED = "removed"
    ADDED = "added"
    MOVED = "moved"
    CHANGED = "changed"


class Property(msgspec.Struct, frozen=True):
    """A property that differs; a side that has none lacks it."""

    key: str
    before: object = msgspec.UNSET
    after: object = msgspec.UNSET


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """An entry that differs; `path_before` only where it moved."""

    change: Kind
    path: str
    cls: str = msgspec.field(name="class")
    path_before: str = ""
    properties: tuple[Property, ...] = ()

    @property
    def title(self) -> str:
        """The last step of the path."""
        return self.path.rpartition("/")[2] or self.path


_decoder = msgspec.json.Decoder(Difference)


def read(line: bytes) -> Difference | None:
    """One line of the output; None for the brackets around all.

    Raises:
        msgspec.MsgspecError: It is no such line.
    """
    body = line.strip().lstrip(b"[,")
    return _decoder.decode(body) if body.startswith(b"{") else None
