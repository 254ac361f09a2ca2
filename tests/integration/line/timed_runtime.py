"""A runtime that measures every turn of its event loop; run as a program by a test.

Writes the CPU milliseconds of the longest callback after the runtime began to serve, and what
it was, to the file named in the last argument. CPU time, so that a busy machine does not lie.
"""

import asyncio
import asyncio.events
import json
import sys
import time
from pathlib import Path

from runtime.engine.connection import ClientConnection
from runtime.engine.main import main
from runtime.registry.journal import Journal

ROOM = 256 << 10  # bytes of history that are kept: older ones are thinned while it is measured

_run = asyncio.events.Handle._run
_worst: dict[str, object] = {"ms": 0.0, "what": ""}
_serving = False


def _timed(handle: asyncio.Handle) -> None:
    began = time.thread_time_ns()
    text = repr(handle)
    _run(handle)
    took_ms = (time.thread_time_ns() - began) / 1e6
    if _serving and took_ms > float(str(_worst["ms"])):
        _worst.update(ms=took_ms, what=text)


def _begin(connection: ClientConnection) -> None:
    global _serving  # noqa: PLW0603 - this program is one measurement
    _serving = True
    _wake(connection)


_wake = ClientConnection.wake
ClientConnection.wake = _begin  # type: ignore[assignment,method-assign]
asyncio.events.Handle._run = _timed  # type: ignore[assignment,method-assign]

Journal.segments.__defaults__ = (ROOM,)

if __name__ == "__main__":
    code = main(sys.argv[1:-1])
    Path(sys.argv[-1]).write_text(json.dumps(_worst))
    sys.exit(code)
