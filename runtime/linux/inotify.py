"""Entries that leave a folder, as the kernel tells of them.

Source: inotify(7).
Invariant: tells that something left, never what is there now: the reader looks for itself.
"""

import os
import struct
from pathlib import Path

from runtime.linux import libc

_MOVED_FROM, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x40, 0x200, 0x400, 0x800
_Q_OVERFLOW, _ONLYDIR = 0x4000, 0x1000000
_LEFT = _MOVED_FROM | _DELETE | _DELETE_SELF | _MOVE_SELF
_EVENT = struct.Struct("@iIII")  # struct inotify_event without its name
_READ_BYTES = 64 << 10


class Departures:
    """What leaves some folders; owns its descriptor.

    Raises:
        OSError: This process or user has too many of these.
    """

    def __init__(self) -> None:
        self._descriptor = libc.function("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """The descriptor to watch for reading."""
        return self._descriptor

    def follow(self, folder: Path) -> None:
        """Tell of this folder from now on; again is fine.

        Raises:
            OSError: It is no folder, or there are too many.
        """
        mask = _LEFT | _ONLYDIR
        libc.function("inotify_add_watch", self._descriptor, os.fsencode(folder), mask)

    def take(self) -> set[str]:
        """The names of what left since the last call; empty for a folder itself, or for "many"."""
        names: set[str] = set()
        try:
            while data := os.read(self._descriptor, _READ_BYTES):
                names |= _names(data)
        except BlockingIOError:
            pass
        return names

    def close(self) -> None:
        """Close the descriptor; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _names(data: bytes) -> set[str]:
    names: set[str] = set()
    offset = 0
    while offset < len(data):
        _, mask, _, length = _EVENT.unpack_from(data, offset)
        offset += _EVENT.size
        if mask & (_LEFT | _Q_OVERFLOW):
            names.add(os.fsdecode(data[offset : offset + length].rstrip(b"\0")))
        offset += length
    return names
