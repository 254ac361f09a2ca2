"""Where a key stands in an XML property list.

plistlib keeps no positions, so the text is walked a second time for the keys alone.
Source: Apple plist(5), PropertyList-1.0.dtd.
Invariant: a pure function of the bytes; a list that is not XML, or broken, has no lines.
"""

from xml.parsers import expat

Lines = dict[tuple[str, ...], int]
"""Line numbers, from 1, by the path of keys from the top; items of arrays add nothing."""


def key_lines(data: bytes) -> Lines:
    """The line of every key."""
    leading = len(data) - len(data.lstrip())
    walker = _Walker(data[:leading].count(b"\n"))
    try:
        walker.parser.Parse(data.lstrip(), True)
    except expat.ExpatError:
        return walker.lines  # what stands before the fault is right
    return walker.lines


class _Walker:
    """Follows dictionaries; `path` has the pending key of each that is open."""

    def __init__(self, above: int) -> None:
        self.lines: Lines = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self._above = above
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._line = 0

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == "dict":
            self._path.append("")
        elif name == "key":
            self._text = []
            self._line = self.parser.CurrentLineNumber + self._above

    def _end(self, name: str) -> None:
        if name == "dict" and self._path:
            self._path.pop()
        elif name == "key" and self._text is not None and self._path:
            self._path[-1] = "".join(self._text)
            self.lines.setdefault(tuple(self._path), self._line)
            self._text = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
