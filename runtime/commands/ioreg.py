"""`ioreg`: the registry as text, with the options of Apple's tool.

Talks to the running runtime; where none runs, it reads the machine itself.
Exit codes: 0; 1 for wrong options and when the registry cannot be read. Source: ioreg(8).
Invariant: reads only; standard output has the registry and nothing else.
"""

import getopt
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from runtime.commands.ioreg_source import NOW, Source, opened, past, plane_of
from runtime.commands.plaintext import INTERRUPTED, plain
from runtime.interchange import ioreg_text
from runtime.interchange.ioreg_text import Options
from runtime.interchange.planes import project
from runtime.model.entry import Entry
from runtime.model.errors import InspectorError, UnavailableError

USAGE = """\
usage: ioreg [-abfilrtxy] [-c class] [-d depth] [-k key] [-n name] [-p plane] [-w width]
where options are:
\t-a archive output
\t-b show object name in bold
\t-c list properties of objects with the given class
\t-d limit tree to the given depth
\t-f enable smart formatting
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
\t--from read a file: ioreg text or plist, .ioreg, udev database, JSON, recording
\t--at the registry as it was: '10 minutes ago', 14:30, 2026-03-01T14:30
\t--json print one array of objects, one for each entry
\t--ioreg write all planes as IORegistryExplorer saves them
\t--recording write a recording of the whole registry
\t--since with --recording: with its past from a time on
\t--anonymous with --recording: without serial numbers and host names
\t--stats print one object that counts what was read
\t--watch print every change as one JSON object a line
\t--diff print what differs between two files or moments; "now" stands for this machine
"""

_LETTERS = "abc:d:fik:ln:p:rsStw:xy"
_FLAGS = {
    "-l": "list_all",
    "-r": "roots",
    "-t": "ancestors",
    "-i": "inheritance",
    "-f": "smart",
    "-x": "hexadecimal",
    "-y": "kernel_classes",
}
_TEXTS = {"-c": "cls", "-k": "key", "-n": "name"}
_NUMBERS = {"-d": "depth", "-w": "width"}
_FILES = {"--ioreg", "--recording"}
_FORMS = {"-a", "--json", "--stats", "--watch", *_FILES}
_LONG = ["from=", "at=", "json", "stats", "watch", "ioreg", "recording", "since=", "anonymous"]


class _UsageError(Exception):
    """The options are not Apple's."""


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a closed pipe ends it quietly
    if sys.stdout is None:
        return _unwritable("it closed")
    try:
        _carry_out(_parsed(arguments))
    except _UsageError:
        sys.stderr.write(USAGE)
        return 1
    except InspectorError as error:
        sys.stderr.write(f"ioreg: error: {plain(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # files and sockets have their own sentences: only output is left
        return _unwritable(error.strerror or str(error))
    return 0


def _unwritable(found: str) -> int:
    sys.stderr.write(f"ioreg: error: standard output: expected to write to it, found: {found}\n")
    return 1


class _Request(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    options: Options
    form: str = ""  # text; or the option that names another form
    plane: str = ""
    source: str = NOW
    at: str | None = None
    since: str | None = None
    anonymous: bool = False
    diff: tuple[str, ...] = ()


def _carry_out(request: _Request) -> None:
    options = request.options
    if request.diff:
        _write(_differences(request))
        return
    if request.form == "--watch":
        _write(_changes(options), at_once=True)
        return
    source = opened(request.source) if request.at is None else past(request.at, request.source)
    if request.form == "--stats":
        _write(_stats(source))
        return
    plane = plane_of(source, request.plane)
    if request.form == "-a":
        sys.stdout.buffer.write(_archive(source.entries, options, plane))
    elif request.form == "--json":
        _write(_json(source, options, request.plane))
    elif request.form in _FILES:
        sys.stdout.buffer.write(_file(source, request))
    else:
        _write(ioreg_text.lines(source.entries, options, plane))


def _archive(entries: Sequence[Entry], options: Options, plane: str) -> bytes:
    from runtime.interchange.ioreg_archive import archive  # noqa: PLC0415 - plistlib is slow

    return archive(entries, options, plane)


def _json(source: Source, options: Options, plane: str) -> Iterator[str]:
    """All entries, or those of a plane; with -c, -k or -n only those that they choose."""
    from runtime.interchange import json_form  # noqa: PLC0415 - plistlib is slow

    entries = project(source.entries, plane_of(source, plane)) if plane else source.entries
    if options.cls or options.key or options.name:
        entries = [entry for entry in entries if ioreg_text.selected(entry, options)]
    return json_form.lines(entries)


def _file(source: Source, request: _Request) -> bytes:
    if request.form == "--recording":
        return _recording(source, request)
    from runtime.interchange import explorer_writer  # noqa: PLC0415 - plistlib is slow

    return explorer_writer.write(source.entries, source.planes, time.time_ns(), source.host)


def _recording(source: Source, request: _Request) -> bytes:
    from runtime.export import recorder  # noqa: PLC0415 - only here
    from runtime.export.taken import Origin, Taken  # noqa: PLC0415

    taken = Taken(source.entries, source.host, time.time_ns())
    if request.since is not None:
        past = Origin(None if request.source == NOW else Path(request.source)).since(request.since)
        taken = msgspec.structs.replace(taken, history=past.history, events=past.events)
    return recorder.write(recorder.anonymous(taken) if request.anonymous else taken)


def _stats(source: Source) -> Iterator[str]:
    from runtime.interchange.registry_file import stats  # noqa: PLC0415 - only here

    found = stats(source.form, source.entries, source.planes, source.warnings)
    yield msgspec.json.encode(found).decode()


def _differences(request: _Request) -> Iterator[str]:
    from runtime.export import diff  # noqa: PLC0415 - only here
    from runtime.interchange.ioreg_values import Values  # noqa: PLC0415
    from runtime.interchange.registry_file import properties_of  # noqa: PLC0415
    from runtime.query.compare import compare  # noqa: PLC0415

    before, after = (opened(name) for name in request.diff)
    plane = plane_of(before, request.plane)
    found = compare(
        project(before.entries, plane),
        project(after.entries, plane_of(after, plane)),
        plane,
        properties_of,
    )
    if request.form == "--json":
        return diff.json_lines(found)
    values = Values(request.options.hexadecimal, request.options.terminal)
    return diff.text(request.diff, found, values)


def _changes(options: Options) -> Iterator[str]:
    from runtime.commands import ioreg_watch  # noqa: PLC0415 - only here

    chosen = bool(options.cls or options.key or options.name)
    return ioreg_watch.lines(lambda entry: not chosen or ioreg_text.selected(entry, options))


def _parsed(arguments: list[str]) -> _Request:
    diff, arguments = _diff_of(arguments)
    try:
        pairs, _ = getopt.getopt(arguments, _LETTERS, _LONG)
    except getopt.GetoptError:
        raise _UsageError from None
    terminal = sys.stdout.isatty()
    fields: dict[str, object] = {"terminal": terminal, "width": _terminal_width(terminal)}
    asked: dict[str, str] = {}
    anonymous = False
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
            asked["plane"] = argument
        elif letter == "--from":
            asked["source"] = argument
        elif letter in {"--at", "--since"}:
            asked[letter[2:]] = argument
        elif letter == "--anonymous":
            anonymous = True
        elif letter in _FORMS:
            asked["form"] = letter
    return _Request(msgspec.convert(fields, Options), diff=diff, anonymous=anonymous, **asked)


def _diff_of(arguments: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The two names after `--diff`, and the other arguments."""
    if "--diff" not in arguments:
        return (), arguments
    at = arguments.index("--diff")
    names = arguments[at + 1 : at + 3]
    if len(names) != 2:
        raise _UsageError
    return tuple(names), arguments[:at] + arguments[at + 3 :]


def _number(letter: str, argument: str) -> int:
    """C's atoi, but a negative number is refused."""
    digits = re.match(r"\s*[+-]?[0-9]+", argument)
    number = min(int(digits[0]), (1 << 31) - 1) if digits else 0
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


def _write(lines: Iterable[str], *, at_once: bool = False) -> None:
    out = sys.stdout.buffer
    for line in lines:
        out.write(line.encode("utf-8", "surrogateescape") + b"\n")
        if at_once:
            out.flush()
    out.flush()


if __name__ == "__main__":
    main()
