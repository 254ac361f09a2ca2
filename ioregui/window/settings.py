"""What the window remembers between two starts.

Invariant: the only place that knows QSettings and its keys; a value that does not fit is as if
it were not there.
"""

from enum import StrEnum

from PySide6.QtCore import QByteArray, QSettings

from ioregui.properties.values import Numbers
from ioregui.window.theme import Choice

PATHS = 1000
"""So many open entries are found open again."""

RECENT = 10
"""So many files are remembered."""


class Quitting(StrEnum):
    """What the user wants of running drivers when the window closes."""

    ASK = "ask"
    STOP = "stop"
    KEEP = "keep"


class Settings:
    """Reads and writes through one QSettings, which the caller made."""

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def theme(self) -> Choice:
        """Light, dark, or as the system."""
        text = str(self._store.value("window/theme", ""))
        return Choice(text) if text in list(Choice) else Choice.SYSTEM

    @theme.setter
    def theme(self, choice: Choice) -> None:
        self._store.setValue("window/theme", str(choice))

    @property
    def numbers(self) -> Numbers:
        """The base in which properties show numbers."""
        text = str(self._store.value("window/numbers", ""))
        return Numbers(text) if text in list(Numbers) else Numbers.BOTH

    @numbers.setter
    def numbers(self, numbers: Numbers) -> None:
        self._store.setValue("window/numbers", str(numbers))

    @property
    def quitting(self) -> Quitting:
        """What to do with running drivers."""
        text = str(self._store.value("window/quitting", ""))
        return Quitting(text) if text in list(Quitting) else Quitting.ASK

    @quitting.setter
    def quitting(self, answer: Quitting) -> None:
        self._store.setValue("window/quitting", str(answer))

    def bytes(self, name: str) -> QByteArray:
        """Return a geometry or a state of splitters, empty when there is none."""
        value = self._store.value(f"window/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Keep a geometry or a state of splitters."""
        self._store.setValue(f"window/{name}", value)

    def paths(self, name: str) -> list[str]:
        """Return registry paths kept under a name, none when there are none."""
        value = self._store.value(f"registry/{name}")
        if isinstance(value, str):
            value = [value]  # the INI format makes a text of a list of one
        return [path for path in value if isinstance(path, str)] if isinstance(value, list) else []

    def set_paths(self, name: str, paths: list[str]) -> None:
        """Keep registry paths; at most `PATHS` of them."""
        self._store.setValue(f"registry/{name}", paths[:PATHS])

    @property
    def plane(self) -> str:
        """The plane that the tree showed, empty when none is known."""
        return str(self._store.value("registry/plane", ""))

    @plane.setter
    def plane(self, name: str) -> None:
        self._store.setValue("registry/plane", name)

    @property
    def recent(self) -> list[str]:
        """Paths of the files that were opened, the last one first."""
        return self.paths("files")

    def add_recent(self, path: str) -> None:
        """Put a file before all others that were opened."""
        others = [known for known in self.recent if known != path]
        self.set_paths("files", [path, *others][:RECENT])

    def forget_recent(self, path: str) -> None:
        """Take a file out of those that were opened."""
        self.set_paths("files", [known for known in self.recent if known != path])
