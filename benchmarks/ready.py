"""The other end of `ready_child`: its FIFO, its command line, and the wait until it is ready.

Invariant: the FIFO and its folder are gone when the block ends; the processes are the caller's.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import ready_child


class Ready:
    """One FIFO in a folder of its own, which several processes may use in turn.

    Attributes:
        folder: Exists until the block ends.
        command: Runs `ready_child` with this FIFO.
    """

    def __init__(self, folder: Path) -> None:
        fifo = folder / "ready"
        os.mkfifo(fifo)
        self.folder = folder
        self.command = [sys.executable, "-m", ready_child.__name__, str(fifo)]
        self._reading = os.open(fifo, os.O_RDWR)

    def pid(self) -> int:
        """Wait until a process is ready; its own idea of its pid. Blocks."""
        (pid,) = ready_child.PID.unpack(os.read(self._reading, ready_child.PID.size))
        return int(pid)

    def close(self) -> None:
        """Close the FIFO."""
        os.close(self._reading)


@contextmanager
def ready_fifo() -> Iterator[Ready]:
    """A FIFO for peers that say when they are ready."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Ready(Path(folder))
        try:
            yield ready
        finally:
            ready.close()
