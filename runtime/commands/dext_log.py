"""`dext log`: the lines that a driver logged, those kept and those to come.

Invariant: the count of lines that are gone is said, never passed over.
"""

import argparse
import sys
import time
from collections.abc import Iterable

from runtime.client.blocking import Connection
from runtime.commands import shell
from runtime.commands.plaintext import plain
from runtime.commands.selection import find_driver
from runtime.model.identity import DriverId
from runtime.model.records import LogLine
from runtime.wire import client as wire
from runtime.wire.commands.drivers import ReadLog
from runtime.wire.commands.registry import GetRecords, Subscribe, Topic


def run(runtime: Connection, options: argparse.Namespace) -> int:
    """Print a driver's log."""
    driver = find_driver(runtime.call(GetRecords()).drivers, options.name)
    if options.follow:
        runtime.call(Subscribe((Topic.LOGS,)))  # before what is kept: nothing falls between
    lines, gone = _kept(runtime, driver.id)
    last = lines[-1].number if lines else 0
    lines = _with(options.search, lines)
    if options.json:
        shell.print_json(lines)
        return shell.OK
    if gone:
        print(f"… {gone} earlier lines are gone")
    _print(lines)
    if options.follow:
        for message in runtime.messages():
            if isinstance(message, wire.Delta):
                new = [one for one in message.logs if one.driver == driver.id and one.number > last]
                last = new[-1].number if new else last
                _print(_with(options.search, new))
    elif not last:
        print(f"{plain(driver.name)} ({driver.id}) has logged nothing")
    elif not lines:
        print(f"{plain(driver.name)} ({driver.id}) has logged nothing with “{options.search}”")
    return shell.OK


def _kept(runtime: Connection, driver: DriverId) -> tuple[list[LogLine], int]:
    """The lines that the runtime kept, and how many came before them and are gone."""
    lines: list[LogLine] = []
    gone = 0
    while (page := runtime.call(ReadLog(driver, lines[-1].number if lines else 0))).lines:
        gone = gone or page.dropped
        lines += page.lines
    return lines, gone


def _with(text: str, lines: Iterable[LogLine]) -> list[LogLine]:
    """The lines that have `text` in them, in whatever case."""
    return [line for line in lines if text.casefold() in line.text.casefold()]


def _print(lines: Iterable[LogLine]) -> None:
    for line in lines:
        seconds, nanoseconds = divmod(line.wall_ns, 1_000_000_000)
        clock = time.strftime("%H:%M:%S", time.localtime(seconds))
        print(f"{clock}.{nanoseconds // 1_000_000:03} [{line.pid}] {plain(line.text)}")
    sys.stdout.flush()
