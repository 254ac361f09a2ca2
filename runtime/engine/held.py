"""Which interfaces of real devices brokers hold, kept for a runtime that comes after a killed one.

A broker gives its device back when the runtime is gone; only where both are killed at once is an
interface left without a driver. The next runtime finds here which ones that may be.
Invariant: an interface is in the file before a broker is told of it.
"""

from collections.abc import Callable
from pathlib import Path

Held = frozenset[tuple[str, int]]
"""Path of a device's node, and number of an interface."""


class HeldInterfaces:
    """One small file: a line for each interface, its node and its number.

    Args:
        path: Of the file.
        note: For a sentence to the journal when it cannot be written.
    """

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        self._path = path
        self._note = note
        self._held: Held = frozenset()
        self.left = self._read()

    def keep(self, held: Held) -> None:
        """Write what is held now, if it has changed."""
        if held == self._held:
            return
        self._held = held
        lines = "".join(f"{node} {interface}\n" for node, interface in sorted(held))
        beside = self._path.with_suffix(".new")
        try:
            beside.write_text(lines)
            beside.replace(self._path)
        except OSError as error:
            self._note(f"{self._path}: expected to write it, found: {error.strerror}")

    def _read(self) -> Held:
        """What an earlier runtime left; lines that make no sense are none."""
        try:
            lines = self._path.read_text(errors="replace").splitlines()
        except OSError:
            return frozenset()
        pairs = (line.rpartition(" ") for line in lines)
        return frozenset((node, int(number)) for node, _, number in pairs if number.isdecimal())
