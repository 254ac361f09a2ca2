"""A driver process, from the fork to its last packet.

Order: output and crash report, hello, lock-down, and then the Default queue, which loads the
bundle when it is told to. The main thread is the Default queue; the watcher has a thread and a
socket of its own.
Invariant: `run` never returns into the zygote's loop.
"""

import contextlib
import faulthandler
import io
import os
import signal
import socket
import sys
from typing import NamedTuple, NoReturn

from runtime.driverkit.transport import attach
from runtime.host.connection import Connection
from runtime.host.driver import Driver
from runtime.host.lockdown import Sandbox
from runtime.host.queues import DefaultQueue
from runtime.host.watcher import Watcher
from runtime.linux import privileges
from runtime.model.errors import SpawnError
from runtime.model.outcome import Stage
from runtime.wire import driver
from runtime.wire.limits import DRIVER_VERSION
from runtime.wire.zygote import Spawn


class Descriptors(NamedTuple):
    """What comes with a `Spawn`; see `SPAWN_DESCRIPTORS`."""

    control: int
    watch: int
    output: int
    crash: int


def run(spawn: Spawn, fds: Descriptors, sandbox: Sandbox) -> NoReturn:
    """Become the driver process; called in a fresh child of the zygote."""
    _detach(spawn, fds, sandbox)
    connection = Connection(socket.socket(fileno=fds.control), os._exit)
    connection.send(driver.Hello(DRIVER_VERSION))
    try:
        held = sandbox.enter(spawn)
    except SpawnError as error:
        connection.send(driver.Goodbye(str(error)))
        os._exit(1)
    queue = DefaultQueue(connection)
    watcher = Watcher(socket.socket(fileno=fds.watch))
    host = Driver(
        connection,
        queue,
        watcher,
        rename=lambda name: _rename(name, sandbox),
        dump=lambda: faulthandler.dump_traceback(fds.crash, all_threads=True),
    )
    attach(host)
    watcher.start(host.die)
    staged = driver.Staged(Stage.LOCKED_DOWN, held.applied, may=held.may, may_not=held.may_not)
    connection.send(staged)
    queue.serve(host.handle, host.die)


def _stream(fd: int) -> io.TextIOWrapper:
    raw = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="replace", line_buffering=True
    )


def _detach(spawn: Spawn, fds: Descriptors, sandbox: Sandbox) -> None:
    """Leave what was the zygote's: its streams, descriptors, terminal and name."""
    os.dup2(fds.output, 1)
    os.dup2(fds.output, 2)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0)
    keep = sorted({0, 1, 2, fds.control, fds.watch, fds.crash} | sandbox.descriptors)
    for low, high in zip(keep, [*keep[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(low + 1, high)
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    faulthandler.enable(fds.crash, all_threads=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):  # it leads a session already
        os.setsid()
    _rename(spawn.name, sandbox)


def _rename(name: str, sandbox: Sandbox) -> None:
    """What ps shows of this process from now on."""
    privileges.set_name(name)
    sandbox.title.fill(name)
