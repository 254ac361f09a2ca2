"""`dext`: drivers and simulated devices, for authors and administrators.

Exit codes: `runtime.commands.shell`.
Invariant: a driver is named by IOUserClass, bundle id or driver id, and never guessed.
"""

import argparse
import socket
import sys
import time
from collections.abc import Iterable, Sequence

from runtime.client.blocking import Connection
from runtime.commands import dext_explain, dext_lint, dext_sign, shell, terminal
from runtime.commands.plaintext import plain
from runtime.commands.selection import find_driver
from runtime.model import report_text
from runtime.model.errors import UnavailableError
from runtime.model.identity import DriverId
from runtime.model.records import Driver, LogLine
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import (
    CrashDriver,
    DebugDriver,
    ListCrashes,
    ReadCrash,
    ReadLog,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
)
from runtime.wire.commands.registry import GetRecords, Subscribe, Topic

PROG = "dext"


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    return shell.main(PROG, _parser(), arguments)


def _plug(runtime: Connection, options: argparse.Namespace) -> int:
    print(f"plugged {options.model}: {plain(runtime.call(Plug(options.model)).path)}")
    return shell.OK


def _unplug(runtime: Connection, options: argparse.Namespace) -> int:
    print(f"unplugged {options.model}: {plain(runtime.call(Unplug(options.model)).path)}")
    return shell.OK


def _list(runtime: Connection, options: argparse.Namespace) -> int:
    drivers = runtime.call(GetRecords()).drivers
    if options.json:
        shell.print_json(drivers)
        return shell.OK
    for driver in drivers:
        print(_line(driver))
    if not drivers:
        print("no drivers")
    return shell.OK


def _line(driver: Driver) -> str:
    process = f"pid {driver.pid}" if driver.pid else "no process"
    return (
        f"{driver.id} {plain(driver.name)} {driver.state.value}, {process}, "
        f"crashes: {driver.crashes}, {driver.bundle_id} on {plain(driver.provider_path)}"
    )


def _restart(runtime: Connection, options: argparse.Namespace) -> int:
    driver = runtime.call(RestartDriver(_driver(runtime, options).id))
    print(f"restarted {plain(driver.name)} ({driver.id}): {driver.state.value}")
    return shell.OK


def _release(runtime: Connection, options: argparse.Namespace) -> int:
    driver = runtime.call(ReleaseDriver(_driver(runtime, options).id))
    print(f"released {plain(driver.name)} ({driver.id}): {driver.state.value}")
    return shell.OK


def _crash(runtime: Connection, options: argparse.Namespace) -> int:
    before = _driver(runtime, options)
    runtime.call(CrashDriver(before.id))
    print(f"crashed {plain(before.name)} ({before.id}), pid {before.pid}")
    return shell.OK


def _sample(runtime: Connection, options: argparse.Namespace) -> int:
    driver = _driver(runtime, options)
    for name, frames in runtime.call(SampleDriver(driver.id)).threads:
        print(f"{plain(name)}:")
        for frame in frames or ("no Python frames",):
            print(f"  {plain(frame)}")
    return shell.OK


def _debug(runtime: Connection, options: argparse.Namespace) -> int:
    driver = _driver(runtime, options)
    door = runtime.call(DebugDriver(driver.id)).path
    with socket.socket(socket.AF_UNIX) as debugger:
        try:
            debugger.connect(door)
        except OSError as error:
            raise UnavailableError(
                f"debugger of {driver.name}: expected it at {door}, found: {error.strerror}"
            ) from error
        print(f"waiting until the Default queue of {plain(driver.name)} runs Python …", flush=True)
        terminal.relay(debugger, sys.stdin.fileno(), sys.stdout.fileno())
    return shell.OK


def _crashes(runtime: Connection, options: argparse.Namespace) -> int:
    if options.report:
        report = runtime.call(ReadCrash(options.report))
        if options.json:
            shell.print_json([report])
        else:
            print("\n".join(plain(line) for line in report_text.lines(report)))
        return shell.OK
    reports = runtime.call(ListCrashes()).reports
    if options.json:
        shell.print_json(reports)
        return shell.OK
    for one in reports:
        print(f"{one.id}  {plain(one.name)}: {plain(one.reason)}")
    if not reports:
        print("no crash reports")
    return shell.OK


def _log(runtime: Connection, options: argparse.Namespace) -> int:
    driver = _driver(runtime, options)
    if options.follow:
        runtime.call(Subscribe((Topic.LOGS,)))  # before the page: nothing falls between
    last = _print_kept(runtime, driver.id)
    if options.follow:
        for message in runtime.messages():
            if isinstance(message, wire.Delta):
                last = _print_lines(_of(driver.id, message.logs, last), last)
    elif not last:
        print(f"{plain(driver.name)} ({driver.id}) has logged nothing")
    return shell.OK


def _print_kept(runtime: Connection, driver: DriverId) -> int:
    """Print the lines that the runtime kept; return the number of the last one."""
    last = 0
    while (page := runtime.call(ReadLog(driver, last))).lines:
        if page.dropped and not last:
            print(f"… {page.dropped} earlier lines are gone")
        last = _print_lines(page.lines, last)
    return last


def _of(driver: DriverId, lines: Iterable[LogLine], after: int) -> list[LogLine]:
    return [line for line in lines if line.driver == driver and line.number > after]


def _print_lines(lines: Iterable[LogLine], last: int) -> int:
    for line in lines:
        seconds, nanoseconds = divmod(line.wall_ns, 1_000_000_000)
        clock = time.strftime("%H:%M:%S", time.localtime(seconds))
        print(f"{clock}.{nanoseconds // 1_000_000:03} [{line.pid}] {plain(line.text)}")
        last = line.number
    sys.stdout.flush()
    return last


def _driver(runtime: Connection, options: argparse.Namespace) -> Driver:
    return find_driver(runtime.call(GetRecords()).drivers, options.name)


def _parser() -> shell.Parser:
    parser = shell.parser(PROG, "Plug simulated devices; show and steer drivers.")
    verb = shell.verbs(parser)
    plug = verb("plug", _plug, "plug a simulated device in")
    unplug = verb("unplug", _unplug, "unplug the simulated device that was plugged last")
    for added in (plug, unplug):
        added.add_argument("model", metavar="MODEL", help="which device: sample")
    listing = verb("list", _list, "list the drivers")
    listing.add_argument("--json", action="store_true", help="one array of objects")
    log = verb("log", _log, "print a driver's log")
    log.add_argument("-f", dest="follow", action="store_true", help="go on with new lines")
    restart = verb("restart", _restart, "stop a driver in order and start it again")
    release = verb("release", _release, "let a quarantined driver start again")
    crash = verb("crash", _crash, "have a driver dereference null (developer mode)")
    sample = verb("sample", _sample, "print where every thread of a driver is now")
    debug = verb("debug", _debug, "stop a driver in pdb, without a restart (developer mode)")
    crashes = verb("crashes", _crashes, "list the crash reports, or print one")
    crashes.add_argument("report", metavar="REPORT", nargs="?", help="a report's id")
    crashes.add_argument("--json", action="store_true", help="one array of objects")
    for added in (log, restart, release, crash, sample, debug):
        added.add_argument("name", metavar="NAME", help="IOUserClass, bundle id or driver id")
    _add_file_verbs(verb)
    return parser


def _add_file_verbs(verb: shell.AddVerb) -> None:
    """The verbs that need no runtime."""
    explain = verb("explain", None, "say what matches which device, and why not")
    dext_explain.add_options(explain)
    shell.local_verb(explain, dext_explain.run)
    lint = verb("lint", None, "judge a bundle's personalities before activation")
    dext_lint.add_options(lint)
    shell.local_verb(lint, dext_lint.run)
    dext_sign.add_verbs(verb)


if __name__ == "__main__":
    main()
