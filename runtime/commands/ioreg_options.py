"""The command line of `ioreg`: Apple's options and ours, as one request.

Source: ioreg(8); IOKitTools, ioreg.c (getopt string).
Invariant: letters mean what they mean in Apple's tool; every option of ours is a long one.
"""

import getopt
import os
import re
import sys

import msgspec

from runtime.commands.ioreg_source import NOW
from runtime.interchange.ioreg_text import Options
from runtime.model.errors import UnavailableError

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
\t--find list properties of objects that a search finds, as -c and -n do: 'vid:046d -hub'
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
_ASKED = {"-p": "plane", "--from": "source", "--at": "at", "--since": "since", "--find": "find"}
_TEXTS = {"-c": "cls", "-k": "key", "-n": "name"}
_NUMBERS = {"-d": "depth", "-w": "width"}
FILES = {"--ioreg", "--recording"}
_FORMS = {"-a", "--json", "--stats", "--watch", *FILES}
_LONG = [
    "help",
    "find=",
    "from=",
    "at=",
    "json",
    "stats",
    "watch",
    "ioreg",
    "recording",
    "since=",
    "anonymous",
]


class UsageError(Exception):
    """The options are not Apple's."""


class HelpWanted(Exception):  # noqa: N818 - nothing is wrong
    """Only the usage is asked for."""


class Request(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    options: Options
    form: str = ""  # text; or the option that names another form
    plane: str = ""
    source: str = NOW
    find: str = ""
    at: str | None = None
    since: str | None = None
    anonymous: bool = False
    diff: tuple[str, ...] = ()


def parsed(arguments: list[str]) -> Request:
    """What a command line asks for.

    Raises:
        UsageError: An option or argument is none.
        HelpWanted: It has `--help`.
        UnavailableError: A number is below 0, or an option would have no effect.
    """
    diff, arguments = _diff_of(arguments)
    try:
        pairs, _ = getopt.getopt(arguments, _LETTERS, _LONG)
    except getopt.GetoptError:
        raise UsageError from None
    terminal = sys.stdout.isatty()
    fields: dict[str, object] = {"terminal": terminal, "width": _terminal_width(terminal)}
    asked: dict[str, str] = {}
    anonymous = False
    for letter, argument in pairs:
        if letter == "--help":
            raise HelpWanted
        if letter in _FLAGS:
            fields[_FLAGS[letter]] = True
        elif letter in _TEXTS:
            fields[_TEXTS[letter]] = argument
        elif letter in _NUMBERS:
            fields[_NUMBERS[letter]] = _number(letter, argument)
        elif letter == "-b":
            fields["bold"] = _bold()
        elif letter in _ASKED:
            asked[_ASKED[letter]] = argument
        elif letter == "--anonymous":
            anonymous = True
        elif letter in _FORMS:
            asked["form"] = _one_form(asked.get("form", letter), letter)
    request = Request(msgspec.convert(fields, Options), diff=diff, anonymous=anonymous, **asked)
    _refuse_what_would_be_ignored(request)
    return request


def _one_form(before: str, form: str) -> str:
    if before != form:
        raise UnavailableError(
            f"option {form}: expected one form of output, found {before} beside it"
        )
    return form


def _refuse_what_would_be_ignored(request: Request) -> None:
    """Nobody shall send serial numbers, or watch the machine, and believe otherwise."""
    elsewhere = request.source != NOW or request.at is not None
    alone = request.form != "--recording"
    for ignored, sentence in (
        (request.anonymous and alone, "--anonymous: expected with --recording, found without"),
        (request.since is not None and alone, "--since: expected with --recording, found without"),
        (
            elsewhere and request.form == "--watch",
            "--watch: expected the registry as it is, found --from or --at beside it",
        ),
        (
            elsewhere and request.diff,
            "--diff: expected both sides after it, found --from or --at beside it",
        ),
        (
            request.diff and request.form not in {"", "--json"},
            f"--diff: expected text or --json, found {request.form} beside it",
        ),
    ):
        if ignored:
            raise UnavailableError(f"option {sentence}")


def _diff_of(arguments: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The two names after `--diff`, and the other arguments."""
    if "--diff" not in arguments:
        return (), arguments
    at = arguments.index("--diff")
    names = arguments[at + 1 : at + 3]
    if len(names) != 2:
        raise UsageError
    return tuple(names), arguments[:at] + arguments[at + 3 :]


def _number(letter: str, argument: str) -> int:
    """C's atoi, but a negative number is refused, and one of many digits is the largest."""
    digits = re.match(r"\s*([+-]?)0*([0-9]+)", argument)
    number = min(int(digits[1] + digits[2][:10]), (1 << 31) - 1) if digits else 0
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
