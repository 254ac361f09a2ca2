"""What is typed on the guest's first terminal, and where pointers go, one line each.

`python typed.py` prints ``key X`` for each character, ``move AXIS BY`` for each movement and
``place AXIS AT`` for each place that any input device says, for ever; devices that come later are
found.
Invariant: standard library only; changes nothing but the terminal's mode.
"""

import os
import select
import struct
import sys
import tty
from pathlib import Path

EVENT = struct.Struct("=qqHHi")  # struct input_event of a 64-bit kernel
REL, ABS = 2, 3
LOOK_MS = 200  # for new devices


def main() -> None:
    """Print for ever."""
    terminal = os.open("/dev/tty1", os.O_RDWR | os.O_NONBLOCK)
    tty.setraw(terminal)
    poll = select.poll()
    poll.register(terminal, select.POLLIN)
    nodes: dict[str, int] = {}
    while True:
        for path in Path("/dev/input").glob("event*"):
            if path.name not in nodes:
                nodes[path.name] = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                poll.register(nodes[path.name], select.POLLIN)
        for ready, _ in poll.poll(LOOK_MS):
            if ready == terminal:
                for character in os.read(terminal, 64).decode():
                    say("key", character)
                continue
            try:
                show(os.read(ready, 64 * EVENT.size))
            except OSError:  # it is gone
                poll.unregister(ready)
                os.close(ready)
                nodes = {name: fd for name, fd in nodes.items() if fd != ready}


def show(events: bytes) -> None:
    """Print the movements among some events."""
    for _, _, kind, code, value in EVENT.iter_unpack(events):
        if kind == REL:
            say("move", code, value)
        elif kind == ABS:
            say("place", code, value)


def say(*words: object) -> None:
    """Print one line at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
