"""`dext`: drivers and simulated devices, for authors and administrators.

Exit codes: `runtime.commands.shell`.
Invariant: a driver is named by IOUserClass, bundle id or driver id, and never guessed.
"""

import argparse
import sys
from collections.abc import Sequence

from runtime.client.blocking import Connection
from runtime.commands import (
    dext_debug,
    dext_explain,
    dext_lint,
    dext_log,
    dext_plug,
    dext_sign,
    dext_vendor,
    shell,
)
from runtime.commands.plaintext import plain
from runtime.commands.selection import find_driver
from runtime.linux.arguments import Parser
from runtime.model import report_text
from runtime.model.records import Driver
from runtime.wire.commands.drivers import (
    CrashDriver,
    ListCrashes,
    ReadCrash,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
)
from runtime.wire.commands.registry import GetRecords

PROG = "dext"


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    return shell.main(PROG, _parser(), arguments)


def _list(runtime: Connection, options: argparse.Namespace) -> int:
    drivers = runtime.call(GetRecords()).drivers
    if options.json:
        shell.print_json(drivers)
        return shell.OK
    for driver in drivers:
        print(_line(driver))
        for line in _confinement(driver) if options.sandbox else ():
            print(f"    {plain(line)}")
    if not drivers:
        print("no drivers")
    return shell.OK


def _line(driver: Driver) -> str:
    process = f"pid {driver.pid}" if driver.pid else "no process"
    if driver.beside:
        process += f" shared with {len(driver.beside)} more"
    return (
        f"{driver.id} {plain(driver.name)} {driver.state.value}, {process}, "
        f"crashes: {driver.crashes}, {driver.bundle_id} on {plain(driver.provider_path)}"
    )


def _confinement(driver: Driver) -> list[str]:
    """What a driver's process may and may not, and what this machine could not apply."""
    lines = [f"may {what}" for what in driver.may]
    lines += [f"may not {what}" for what in driver.may_not]
    lines += [f"not applied: {what}" for what in driver.missing]
    return lines or ["no process of it has been locked down yet"]


def _restart(runtime: Connection, options: argparse.Namespace) -> int:
    driver = runtime.call(RestartDriver(_driver(runtime, options).id))
    print(f"restarted {plain(driver.name)} ({driver.id}): {driver.state.value}")
    return shell.OK


def _stop(runtime: Connection, options: argparse.Namespace) -> int:
    driver = runtime.call(StopDriver(_driver(runtime, options).id))
    print(f"stopped {plain(driver.name)} ({driver.id}): {driver.state.value}")
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


def _driver(runtime: Connection, options: argparse.Namespace) -> Driver:
    return find_driver(runtime.call(GetRecords()).drivers, options.name)


def _parser() -> Parser:
    parser = shell.parser(PROG, "Plug simulated devices; show and steer drivers.")
    verb = shell.verbs(parser)
    dext_plug.add_verbs(verb)
    listing = verb("list", _list, "list the drivers")
    listing.add_argument("--json", action="store_true", help="one array of objects")
    listing.add_argument("--sandbox", action="store_true", help="say what each may and may not")
    log = verb("log", dext_log.run, "print a driver's log")
    dext_log.add_options(log)
    restart = verb(
        "restart", _restart, "stop a driver in order and start it again, or start a stopped one"
    )
    stop = verb("stop", _stop, "stop a driver in order; restart starts it again")
    release = verb("release", _release, "let a quarantined driver start again")
    crash = verb("crash", _crash, "have a driver dereference null (developer mode)")
    sample = verb("sample", _sample, "print where every thread of a driver is now")
    debug = verb("debug", None, "stop a driver in pdb, without a restart (developer mode)")
    dext_debug.add_options(debug)
    shell.local_verb(debug, dext_debug.run)
    crashes = verb("crashes", _crashes, "list the crash reports, or print one")
    crashes.add_argument("report", metavar="REPORT", nargs="?", help="a report's id")
    crashes.add_argument("--json", action="store_true", help="one array of objects")
    for added in (log, restart, stop, release, crash, sample):
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
    vendor = verb("vendor", None, "put third-party libraries into a driver extension")
    dext_vendor.add_options(vendor)
    shell.local_verb(vendor, dext_vendor.run)
    dext_sign.add_verbs(verb)


if __name__ == "__main__":
    main()
