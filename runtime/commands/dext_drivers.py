"""The verbs of `dext` that ask a runtime.

Invariant: a driver is named by IOUserClass, bundle id or driver id, and never guessed.
"""

import argparse
import sys

from runtime.client.blocking import Connection
from runtime.commands import dext_log, dext_plug, shell
from runtime.commands.plaintext import plain
from runtime.commands.selection import find_driver
from runtime.model import report_text
from runtime.model.records import Driver
from runtime.wire.commands.drivers import (
    CrashDriver,
    ListCrashes,
    QuarantineDriver,
    ReadCrash,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
)
from runtime.wire.commands.registry import GetRecords


def _list(runtime: Connection, options: argparse.Namespace) -> int:
    records = runtime.call(GetRecords())
    drivers = records.drivers
    if options.json:
        shell.print_json(drivers)
        return shell.OK
    for note in records.status.notes:
        print(f"note: {plain(note)}", file=sys.stderr)
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


def _quarantine(runtime: Connection, options: argparse.Namespace) -> int:
    driver = runtime.call(QuarantineDriver(_driver(runtime, options).id))
    print(f"quarantined {plain(driver.name)} ({driver.id}): {driver.state.value}")
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


VERBS: dict[str, shell.Verb] = {
    "plug": dext_plug.plug,
    "unplug": dext_plug.unplug,
    "list": _list,
    "log": dext_log.run,
    "restart": _restart,
    "stop": _stop,
    "quarantine": _quarantine,
    "release": _release,
    "crash": _crash,
    "sample": _sample,
    "crashes": _crashes,
}
"""By name."""
