"""`ioreg`: the registry as text, with the options of Apple's tool.

Talks to the running runtime; where none runs, it reads the machine itself.
Exit codes: 0; 1 for wrong options and when the registry cannot be read. Source: ioreg(8).
Invariant: reads only; standard output has the registry and nothing else.
"""

import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from runtime.commands.ioreg_options import FILES, USAGE, HelpWanted, Request, UsageError, parsed
from runtime.commands.ioreg_source import NOW, Source, opened, past, plane_of
from runtime.commands.plaintext import INTERRUPTED, plain
from runtime.interchange import ioreg_text
from runtime.interchange.ioreg_text import Options
from runtime.interchange.planes import project
from runtime.model.entry import Entry
from runtime.model.errors import InspectorError

if TYPE_CHECKING:
    from runtime.query.search import Query


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a closed pipe ends it quietly
    if sys.stdout is None:
        return _unwritable("it closed")
    try:
        _carry_out(parsed(arguments))
    except HelpWanted:
        sys.stdout.write(USAGE)
    except UsageError:
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


def _carry_out(request: Request) -> None:
    options = request.options
    if request.diff:
        _write(_differences(request))
        return
    if request.form == "--watch":
        _write(_changes(request), at_once=True)
        return
    source = opened(request.source) if request.at is None else past(request.at, request.source)
    if request.form == "--stats":
        _write(_stats(source))
        return
    plane = plane_of(source, request.plane)
    if request.find:
        from runtime.commands.ioreg_search import found  # noqa: PLC0415 - only here

        options = msgspec.structs.replace(options, ids=found(request.find, source, plane))
    if request.form == "-a":
        sys.stdout.buffer.write(_archive(source.entries, options, plane))
    elif request.form == "--json":
        _write(_json(source, options, request.plane))
    elif request.form in FILES:
        sys.stdout.buffer.write(_file(source, request))
    else:
        _write(ioreg_text.lines(source.entries, options, plane))


def _archive(entries: Sequence[Entry], options: Options, plane: str) -> bytes:
    from runtime.interchange.ioreg_archive import archive  # noqa: PLC0415 - plistlib is slow

    return archive(entries, options, plane)


def _json(source: Source, options: Options, plane: str) -> Iterator[str]:
    """All entries, or those of a plane; with -c, -k, -n or --find only those that they choose."""
    from runtime.interchange import json_form  # noqa: PLC0415 - plistlib is slow

    entries = project(source.entries, plane_of(source, plane)) if plane else source.entries
    if ioreg_text.chooses(options):
        entries = [entry for entry in entries if ioreg_text.selected(entry, options)]
    return json_form.lines(entries)


def _file(source: Source, request: Request) -> bytes:
    if request.form == "--recording":
        return _recording(source, request)
    from runtime.interchange import explorer_writer  # noqa: PLC0415 - plistlib is slow

    return explorer_writer.write(source.entries, source.planes, time.time_ns(), source.host)


def _recording(source: Source, request: Request) -> bytes:
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


def _differences(request: Request) -> Iterator[str]:
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


def _changes(request: Request) -> Iterator[str]:
    from runtime.commands import ioreg_watch  # noqa: PLC0415 - only here

    options = request.options
    query: Query | None = None
    if request.find:
        from runtime.commands import ioreg_search  # noqa: PLC0415 - only here

        query = ioreg_search.query_of(request.find)

    def chosen(entry: Entry, entries: ioreg_watch.Entries) -> bool:
        if ioreg_text.chooses(options) and not ioreg_text.selected(entry, options):
            return False
        if query is None:
            return True
        path = partial(ioreg_search.path_of, entries, entry)
        return query.matches(ioreg_search.facts(entry, path))

    return ioreg_watch.lines(chosen)


def _write(lines: Iterable[str], *, at_once: bool = False) -> None:
    out = sys.stdout.buffer
    for line in lines:
        out.write(line.encode("utf-8", "surrogateescape") + b"\n")
        if at_once:
            out.flush()
    out.flush()


if __name__ == "__main__":
    main()
