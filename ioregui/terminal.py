"""The live registry and its events as plain lines, where no window can be opened.

Invariant: Qt-free; joins a running runtime, else starts one that ends with it.
"""

import sys
from pathlib import Path
from typing import TextIO

from ioregui.mirror import Changes, Mirror
from ioregui.plaintext import SENTENCE, plain
from ioregui.registry.states import process_word, state_word
from runtime.client.blocking import Connection
from runtime.client.client import Client
from runtime.client.start import find_runtime, start_runtime
from runtime.model import words
from runtime.model.errors import InspectorError
from runtime.wire.commands.registry import Subscribe

SNAPSHOT_SECONDS = 60.0


def run(why: str, socket_path: Path | None, out: TextIO) -> int:
    """Say why there is no window, print the registry, then events until interrupted."""
    child = None
    sock = find_runtime(socket_path)
    if sock is None and socket_path is None:
        sock, child = start_runtime()
    if sock is None:
        sys.stderr.write(f"ioregui: expected a runtime listening at {socket_path}, found none\n")
        return 1
    connection = Connection(Client(sock, "window"))
    try:
        out.write(f"{why}; showing the registry here (Ctrl-C ends)\n")
        _follow(connection, out)
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        return 0
    except InspectorError as error:
        sys.stderr.write(f"ioregui: {error}\n")
        return 1
    except OSError as error:  # of writing
        sys.stderr.write(f"ioregui: expected to write the registry, found: {error.strerror}\n")
        return 1
    finally:
        connection.close()
        if child is not None:
            child.wait()
    return 0


def lines(mirror: Mirror) -> list[str]:
    """Return the registry as one line an entry."""
    shown: list[str] = []
    stack = [(entry_id, 0) for entry_id in reversed(mirror.children.get(0, []))]
    while stack:
        entry_id, depth = stack.pop()
        entry = mirror.entries[entry_id]
        facts = (state_word(mirror, entry), plain(entry.driver), process_word(entry))
        told = "  ".join(fact for fact in facts if fact)
        title = plain(entry.title)
        shown.append(f"{'  ' * depth}{title}  <{plain(entry.cls)}>  {told}".rstrip())
        below = mirror.children.get(entry_id, [])
        stack.extend((child, depth + 1) for child in reversed(below))
    return shown


def _follow(connection: Connection, out: TextIO) -> None:
    connection.call(Subscribe())
    mirror = Mirror()
    shown = False
    for message in connection.messages(None):
        changes = mirror.apply(message)
        if changes.resync_needed:
            connection.call(Subscribe())
        elif changes.reset:
            if not shown:
                out.writelines(f"{line}\n" for line in lines(mirror))
                out.write(f"{len(mirror.entries):,} entries\n")
            shown = True
        elif shown:
            _tell(changes, out)
        out.flush()


def _tell(changes: Changes, out: TextIO) -> None:
    for event in changes.events:
        text = plain(words.text(event.detail), SENTENCE)
        where = f"  {plain(event.path, SENTENCE)}" if event.path else ""
        out.write(f"{text}{where}\n")
    if changes.lost_events:
        out.write(f"{changes.lost_events} events were dropped\n")
