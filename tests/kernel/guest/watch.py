"""Runs in the guest: writes every event of the runtime as one JSON line, with when it came.

Ends with the runtime. Invariant: uses what every client uses, nothing of the engine.
"""

import json
import sys
import time
from pathlib import Path

from runtime.client.blocking import connect
from runtime.model.errors import UnavailableError
from runtime.wire import client as wire
from runtime.wire.commands.registry import Subscribe, Topic


def tell(line: dict[str, object]) -> None:
    """Write one line at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(socket: Path) -> None:
    """Write `{"kind", "name", "path", "wall_ns"}` for every event from now on."""
    with connect("watch", socket) as runtime:
        runtime.call(Subscribe((Topic.EVENTS,)))
        tell({"kind": "subscribed"})
        for message in runtime.messages():
            if isinstance(message, wire.Delta):
                for event in message.events:
                    line: dict[str, object] = {
                        "kind": type(event.detail).__name__,
                        "name": getattr(event.detail, "name", ""),
                        "path": event.path,
                        "wall_ns": time.time_ns(),
                    }
                    tell(line)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except UnavailableError as error:
        sys.exit(str(error))
