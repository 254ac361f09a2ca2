"""`dext`: drivers and simulated devices, for authors and administrators.

Exit codes: `runtime.commands.shell`.
Invariant: options only; what a verb does is imported when it runs.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.commands import dext_local, dext_sign, shell
from runtime.linux.arguments import Parser

if TYPE_CHECKING:
    from runtime.client.blocking import Connection

PROG = "dext"


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    return shell.main(PROG, _parser(), arguments)


def _run(runtime: "Connection", options: argparse.Namespace) -> int:
    from runtime.commands import dext_drivers  # noqa: PLC0415

    return dext_drivers.VERBS[options.command](runtime, options)


def _parser() -> Parser:
    parser = shell.parser(PROG, "Plug simulated devices; show and steer drivers.")
    verb = shell.verbs(parser)
    _add_devices(verb)
    _add_drivers(verb)
    dext_local.add_verbs(verb)
    dext_sign.add_verbs(verb)
    return parser


def _add_devices(verb: shell.AddVerb) -> None:
    plug = verb("plug", _run, "plug a simulated device in, or one out of a recording")
    plug.add_argument(
        "--capture",
        metavar="FILE",
        help="what went to and from the device: a capture of usbmon or USBPcap, or umockdev's "
        "ioctls",
    )
    unplug = verb("unplug", _run, "unplug such a device, the one that was plugged last")
    for added in (plug, unplug):
        added.add_argument(
            "device",
            metavar="DEVICE",
            help="a simulated one by its name (sample, loopback, keypad, ticker), a recorded one "
            "by its file: a umockdev dump, or what `lsusb -v` printed",
        )


def _add_drivers(verb: shell.AddVerb) -> None:
    listing = verb("list", _run, "list the drivers")
    listing.add_argument("--json", action="store_true", help="one array of objects")
    listing.add_argument("--sandbox", action="store_true", help="say what each may and may not")
    log = verb("log", _run, "print a driver's log")
    how = log.add_mutually_exclusive_group()
    how.add_argument("-f", dest="follow", action="store_true", help="go on with new lines")
    how.add_argument("--json", action="store_true", help="one array of objects")
    log.add_argument("--search", metavar="TEXT", default="", help="only lines with this text")
    restart = verb(
        "restart", _run, "stop a driver in order and start it again, or start a stopped one"
    )
    stop = verb("stop", _run, "stop a driver in order; restart starts it again")
    quarantine = verb("quarantine", _run, "stop a driver and keep it out until it is released")
    release = verb("release", _run, "let a quarantined driver start again")
    crash = verb("crash", _run, "have a driver dereference null (developer mode)")
    sample = verb("sample", _run, "print where every thread of a driver is now")
    crashes = verb("crashes", _run, "list the crash reports, or print one")
    crashes.add_argument("report", metavar="REPORT", nargs="?", help="a report's id")
    crashes.add_argument("--json", action="store_true", help="one array of objects")
    for added in (log, restart, stop, quarantine, release, crash, sample):
        added.add_argument("name", metavar="NAME", help="IOUserClass, bundle id or driver id")


if __name__ == "__main__":
    main()
