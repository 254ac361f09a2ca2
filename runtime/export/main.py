"""The window's export process: one registry written to a file, or two compared.

It gets registries as every client does, so that it parses no file itself.
Exit codes: 0 done; 1 and one sentence on standard error.
Invariant: writes the files that it was told to, each as a whole, and prints nothing.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from runtime.export import diff, files, recorder
from runtime.export.forms import FORMS, as_bytes
from runtime.export.taken import NOW, Origin
from runtime.interchange.ioreg_values import Values
from runtime.interchange.planes import project
from runtime.interchange.registry_file import properties_of
from runtime.model.errors import InspectorError
from runtime.query.compare import compare

FAILED = 1


def main(argv: list[str] | None = None) -> int:
    """Do one thing; return the exit code."""
    signal.signal(signal.SIGTERM, _end)
    options = _parser().parse_args(argv)
    try:
        options.do(options, Origin(options.of, options.socket))
    except InspectorError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"export: expected to be able to do it, found: {error.strerror}\n")
        return FAILED
    return os.EX_OK


def _end(_signal: int, _frame: object) -> None:
    sys.exit(FAILED)  # what is half written is removed on the way


def _save(options: argparse.Namespace, origin: Origin) -> None:
    taken = origin.since(options.since) if options.since else origin.called(options.at)
    plane = taken.plane(options.plane)
    if options.anonymous:
        taken = recorder.anonymous(taken)
    files.write(options.to, FORMS[options.form](taken, plane))


def _compare(options: argparse.Namespace, origin: Origin) -> None:
    before, after = (origin.called(name) for name in (options.before, options.after))
    plane = before.plane(options.plane)
    found = compare(
        project(before.entries, plane),
        project(after.entries, after.plane(options.plane)),
        plane,
        properties_of,
    )
    names = (options.before, options.after)
    files.write(options.text, as_bytes(diff.text(names, found, Values())))
    files.write(options.json, as_bytes(diff.json_lines(found)))


def _copy(options: argparse.Namespace, _origin: Origin) -> None:
    """Put one of our own files, a comparison, where the user wants it."""
    files.write(options.to, options.written.read_bytes())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="export", description="Writes registries and comparisons for the window."
    )
    parser.add_argument("--of", type=Path, metavar="FILE", help="of this file; else of the runtime")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="where the runtime listens")
    parser.add_argument("--plane", default="", help="the plane; else IOService")
    things = parser.add_subparsers(required=True)
    save = things.add_parser("save")
    save.set_defaults(do=_save)
    save.add_argument("form", choices=tuple(FORMS))
    save.add_argument("to", type=Path)
    save.add_argument("--at", default=NOW, metavar="TIME", help="as it was")
    save.add_argument("--since", default="", metavar="TIME", help="with the past from then on")
    save.add_argument("--anonymous", action="store_true", help="without serial numbers and names")
    copy = things.add_parser("copy")
    copy.set_defaults(do=_copy)
    copy.add_argument("written", type=Path)
    copy.add_argument("to", type=Path)
    both = things.add_parser("compare")
    both.set_defaults(do=_compare)
    both.add_argument("before")
    both.add_argument("after")
    both.add_argument("--text", type=Path, required=True)
    both.add_argument("--json", type=Path, required=True)
    return parser
