"""What the commands share: options, reaching the runtime, plain text, and how they end.

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 no runtime. Errors are one sentence
on stderr. A closed pipe and Ctrl-C end a command quietly.
Invariant: no traceback for anything that the user or the runtime can bring about.
"""

import argparse
import enum
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from runtime.commands.plaintext import INTERRUPTED, plain
from runtime.linux import places
from runtime.linux.arguments import Parser
from runtime.model.errors import InspectorError, UnavailableError

if TYPE_CHECKING:
    from runtime.client.blocking import Connection

OK = 0
REFUSED = 1
NO_RUNTIME = 3


Verb = Callable[["Connection", argparse.Namespace], int]
"""What a subcommand does with a runtime; returns the exit code."""

LocalVerb = Callable[[argparse.Namespace], int]
"""What a subcommand does that finds for itself what it needs; returns the exit code."""


def parser(prog: str, description: str) -> Parser:
    """A parser with the options that every command has."""
    made = Parser(prog=prog, description=description, allow_abbrev=False)
    _add_options(made, None)
    return made


AddVerb = Callable[[str, Verb | None, str], Parser]


def verbs(parser: Parser) -> AddVerb:
    """Give a parser subcommands; the result adds one by name, action and description.

    One without an action is a `local_verb`.
    """
    group = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")

    def add(name: str, action: Verb | None, about: str) -> Parser:
        added = group.add_parser(name, help=about, description=about, allow_abbrev=False)
        added.set_defaults(verb=action)
        _add_options(added, argparse.SUPPRESS)  # absent here: what stood before COMMAND holds
        return added

    return add


def local_verb(added: argparse.ArgumentParser, action: LocalVerb) -> None:
    """Make a subcommand one that needs no runtime."""
    added.set_defaults(local=action)


def main(prog: str, parser: Parser, arguments: Sequence[str]) -> int:
    """Parse, connect and carry the chosen subcommand out; returns the exit code."""
    options = parser.parse_args(arguments)

    def action() -> int:
        local: LocalVerb | None = getattr(options, "local", None)
        if local is not None:
            return local(options)
        with open_runtime(options, prog) as runtime:
            verb: Verb = options.verb
            return verb(runtime, options)

    return run(prog, action)


def open_runtime(options: argparse.Namespace, who: str) -> "Connection":
    """Connect as the options say; they go before the environment.

    Raises:
        UnavailableError: No runtime listens there.
    """
    from runtime.client.blocking import connect  # noqa: PLC0415 - 30 ms

    if options.socket:
        return connect(who, places.absolute(options.socket))
    if options.state_dir:
        return connect(who, places.socket_in(places.absolute(options.state_dir)))
    return connect(who)


def run(prog: str, action: Callable[[], int]) -> int:
    """Carry an action out and turn every way in which it can end into an exit code."""
    try:
        code = action()
        if sys.stdout is not None:  # None where it was closed: nobody wants to know
            sys.stdout.flush()
    except UnavailableError as error:
        return _complain(prog, error, NO_RUNTIME)
    except InspectorError as error:
        return _complain(prog, error, REFUSED)
    except BrokenPipeError:
        # What is still buffered would fail again when the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:  # of writing: what reading can bring about is an InspectorError
        return _complain(prog, _unwritable(error), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def say(
    options: argparse.Namespace,
    records: Sequence[msgspec.Struct | Mapping[str, object]],
    *lines: str,
) -> int:
    """Print the records for `--json`, else the lines; returns `OK`."""
    if options.json:
        print_json(records)
    else:
        print(*lines, sep="\n")
    return OK


def print_json(records: Sequence[msgspec.Struct | Mapping[str, object]]) -> None:
    """Print one array of objects, one for each record."""
    print(json.dumps([as_object(record) for record in records], indent=2))


def as_object(value: object) -> object:
    """A record as JSON has it: structs as objects with their fields' names."""
    if isinstance(value, msgspec.Struct):
        return {name: as_object(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [as_object(item) for item in value]
    return value


def _add_options(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--socket", metavar="PATH", default=default, help="socket of the runtime")
    parser.add_argument(
        "--state-dir", metavar="DIR", default=default, help="state folder of the runtime"
    )


def _unwritable(error: OSError) -> UnavailableError:
    """Standard output takes no more; what is still buffered for it is dropped."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UnavailableError(f"standard output: expected to write to it, found: {error.strerror}")


def _complain(prog: str, error: InspectorError, code: int) -> int:
    sys.stderr.write(f"{prog}: {plain(str(error))}\n")
    return code
