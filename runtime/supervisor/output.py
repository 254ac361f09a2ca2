"""What a driver process writes to stdout and stderr, as lines.

Invariant: a line is bounded, whatever the process writes.
"""

import os
from collections.abc import Callable

from runtime.wire import limits

BYTES = 16 << 10  # a turn


class Output:
    """The reading end of a process's pipe; the descriptor stays the caller's."""

    def __init__(self, pipe: int, line: Callable[[str], None]) -> None:
        """`line` gets each line that is not empty."""
        self._pipe = pipe
        self._line = line
        self._partial = b""

    def read(self) -> bool:
        """Take what is there; whether more may come."""
        try:
            data = os.read(self._pipe, BYTES)
        except BlockingIOError:
            return True
        *lines, rest = (self._partial + data).split(b"\n")
        if len(rest) > limits.TEXT or not data:
            lines, rest = [*lines, rest], b""
        self._partial = rest
        for line in lines:
            if line:
                self._line(line.decode(errors="replace")[: limits.TEXT])
        return bool(data)
