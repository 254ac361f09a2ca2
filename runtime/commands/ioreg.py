"""`ioreg`: the registry as text, with the options of Apple's tool.

Talks to the running runtime; where none runs, it reads the machine itself.
Exit codes: 0; 1 for wrong options and when the registry cannot be read. Source: ioreg(8).
Invariant: reads only; standard output has the registry and nothing else.
"""

import getopt
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator

import msgspec

from runtime.interchange import ioreg_text
from runtime.interchange.ioreg_text import Options
from runtime.linux import places
from runtime.model import classes, properties
from runtime.model.entry import Entry, Holder, State
from runtime.model.errors import InspectorError, UnavailableError
from runtime.model.identity import SERVICE_PLANE
from runtime.model.properties import Value

USAGE = """\
usage: ioreg [-abfilrtxy] [-c class] [-d depth] [-k key] [-n name] [-p plane] [-w width]
where options are:
\t-a archive output
\t-b show object name in bold
\t-c list properties of objects with the given class
\t-d limit tree to the given depth
\t-i show object inheritance
\t-k list properties of objects with the given key
\t-l list properties of all objects
\t-n list properties of objects with the given name
\t-p traverse registry over the given plane (IOService is default)
\t-r show subtrees rooted by the given criteria
\t-t show location of each subtree
\t-w clip output to the given line width (0 is unlimited)
\t-x show data and numbers as hexadecimal
\t-y do not consider DriverKit classes with -c
\t--json print one array of objects, one for each entry
\t--at the registry as it was: '10 minutes ago', 14:30, 2026-03-01T14:30
"""

_LETTERS = "abc:d:fik:ln:p:rsStw:xy"
_FLAGS = {
    "-l": "list_all",
    "-r": "roots",
    "-t": "ancestors",
    "-i": "inheritance",
    "-x": "hexadecimal",
    "-y": "kernel_classes",
}
_TEXTS = {"-c": "cls", "-k": "key", "-n": "name"}
_NUMBERS = {"-d": "depth", "-w": "width"}
_SNAPSHOT_SECONDS = 30.0


class _UsageError(Exception):
    """The options are not Apple's."""


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    try:
        options, form, at = _parsed(arguments)
        entries = _entries_at(at) if at else _entries()
    except _UsageError:
        sys.stderr.write(USAGE)
        return 1
    except InspectorError as error:
        sys.stderr.write(f"ioreg: error: {error}\n")
        return 1
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a closed pipe ends it quietly
    if form == "-a":
        sys.stdout.buffer.write(_archive(entries, options))
    elif form == "--json":
        _write(_json_lines(entries, options))
    else:
        _write(ioreg_text.lines(entries, options))
    return 0


def _archive(entries: list[Entry], options: Options) -> bytes:
    from runtime.interchange.ioreg_archive import archive  # noqa: PLC0415 - plistlib is slow

    return archive(entries, options)


def _parsed(arguments: list[str]) -> tuple[Options, str, str]:
    """The options, the form (text is empty, ``-a`` or ``--json``), and the moment or nothing."""
    try:
        pairs, _ = getopt.getopt(arguments, _LETTERS, ["json", "at="])
    except getopt.GetoptError:
        raise _UsageError from None
    terminal = sys.stdout.isatty()
    fields: dict[str, object] = {"terminal": terminal, "width": _terminal_width(terminal)}
    form = at = ""
    for letter, argument in pairs:
        if letter in _FLAGS:
            fields[_FLAGS[letter]] = True
        elif letter in _TEXTS:
            fields[_TEXTS[letter]] = argument
        elif letter in _NUMBERS:
            fields[_NUMBERS[letter]] = _number(letter, argument)
        elif letter == "-b":
            fields["bold"] = _bold()
        elif letter == "-p":
            _check_plane(argument)
        elif letter in {"-a", "--json"}:
            form = letter
        elif letter == "--at":
            at = argument or "nothing"
        elif letter == "-f":
            raise UnavailableError("option -f: this version of ioreg has no smart formatting")
    return msgspec.convert(fields, Options), form, at


def _check_plane(plane: str) -> None:
    if plane != SERVICE_PLANE:
        raise UnavailableError(
            f"plane {plane!r}: expected one of this registry ({SERVICE_PLANE}), found no such plane"
        )


def _number(letter: str, argument: str) -> int:
    """C's atoi, but a negative number is refused."""
    digits = argument.strip()
    number = int(digits) if digits.lstrip("+-").isdecimal() else 0
    if number < 0:
        raise UnavailableError(f"option {letter}: expected 0 or more, found {number}")
    return number


def _terminal_width(terminal: bool) -> int:
    if not terminal:
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 0


def _bold() -> tuple[str, str]:
    """The terminal's strings for bold and for normal text; empty where it has none."""
    import curses  # noqa: PLC0415 - 5 ms that only -b needs

    try:
        curses.setupterm(fd=sys.stderr.fileno())
    except curses.error:
        return ("", "")
    on, off = curses.tigetstr("bold"), curses.tigetstr("sgr0")
    return ((on or b"").decode("ascii", "replace"), (off or b"").decode("ascii", "replace"))


def _entries_at(moment: str) -> list[Entry]:
    from runtime.commands.at import entries_at  # noqa: PLC0415 - only --at needs it

    return entries_at(moment)


def _entries() -> list[Entry]:
    """The registry of the running runtime, else of the machine itself."""
    sockets = (places.socket_path(), places.SYSTEM_SOCKET)
    found = _runtimes_entries() if any(path.exists() for path in sockets) else None
    return _own_entries() if found is None else found


def _runtimes_entries() -> list[Entry] | None:
    """What the running runtime has; None where none answers."""
    from runtime.client.blocking import connect  # noqa: PLC0415 - 20 ms without a runtime
    from runtime.wire import client as wire  # noqa: PLC0415

    try:
        connection = connect("ioreg")
    except UnavailableError:
        return None
    found: list[Entry] = []
    with connection:
        connection.call(wire.Subscribe(topics=(wire.Topic.ENTRIES,)))
        for message in connection.messages(_SNAPSHOT_SECONDS):
            if isinstance(message, wire.SnapshotBegin):
                found.clear()
            elif isinstance(message, wire.Part):
                found.extend(message.entries)
            elif isinstance(message, wire.SnapshotEnd):
                break
    return found


def _own_entries() -> list[Entry]:
    from runtime.linux import udev  # noqa: PLC0415 - loads libudev, which a runtime spares us
    from runtime.linux.model_name import model_name  # noqa: PLC0415
    from runtime.registry.machine import Machine  # noqa: PLC0415
    from runtime.registry.tree import Registry  # noqa: PLC0415

    registry = Registry(time.monotonic_ns, lambda _change: None)
    Machine(registry, lambda *_event: None, model_name()).load(udev.enumerate_devices())
    return list(registry.walk())


def _write(lines: Iterable[str]) -> None:
    out = sys.stdout.buffer
    for line in lines:
        out.write(line.encode("utf-8", "surrogateescape") + b"\n")
    out.flush()


def _json_lines(entries: Iterable[Entry], options: Options) -> Iterator[str]:
    """One array; with -c, -k or -n only of the entries that they choose."""
    chosen = bool(options.cls or options.key or options.name)
    before = "["
    for entry in entries:
        if not chosen or ioreg_text.selected(entry, options):
            yield before + json.dumps(_plain(entry), ensure_ascii=False)
            before = ","
    yield "[]" if before == "[" else "]"


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "parent": entry.parent,
        "name": entry.name,
        "location": entry.location,
        "class": entry.cls,
        "inheritance": list(classes.chain(entry.cls)),
        "userClasses": list(entry.user_classes),
        "registered": bool(entry.state & State.REGISTERED),
        "matched": bool(entry.state & State.MATCHED),
        "active": not entry.state & State.INACTIVE,
        "busy": entry.busy,
        "busyMilliseconds": entry.busy_ms,
        "retain": entry.retain,
        "holder": Holder(entry.holder).name.lower(),
        "driver": entry.driver,
        "pid": entry.pid,
        "properties": {
            key: _json_value(value) for key, value in properties.decode(entry.props).items()
        },
    }


def _json_value(value: Value) -> object:
    """Data becomes {"data": hex}; JSON has no bytes."""
    if isinstance(value, bytes):
        return {"data": value.hex()}
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    main()
