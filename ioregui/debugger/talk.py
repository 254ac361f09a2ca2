"""What a driver's debugger says, taken apart: text for the console, and views.

What comes is the driver's and may be anything.
Invariant: holds at most one unfinished line, and that is bounded; prompts are not in the text.
"""

from collections.abc import Iterator

from runtime.model.errors import BreachError
from runtime.wire.debugger import LINE, MARK, PROMPT, View, decode

_MARK, _PROMPT = MARK.encode(), PROMPT.encode()


class Talk:
    """One session's stream from the driver."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[str | View]:
        """Take bytes and return what is complete: lines without their ends, and views.

        Raises:
            BreachError: A view is malformed, or a line too long.
        """
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > LINE:
            raise BreachError(f"debugger: expected a line of at most {LINE} bytes, found more")
        self._rest = _without_prompts(rest)
        for line in map(_without_prompts, lines):
            if line.startswith(_MARK):
                yield decode(line[len(_MARK) :])
            else:
                yield line.decode(errors="replace")


def _without_prompts(line: bytes) -> bytes:
    while line.startswith(_PROMPT):
        line = line[len(_PROMPT) :]
    return line
