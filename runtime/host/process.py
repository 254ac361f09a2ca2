"""A driver process, from the fork to its last packet.

Order: output and crash report, hello, a rehearsal where nobody waits for the process yet, the
lock-down, and then the first queue, which loads the bundle when it is told to. The main thread is
that queue; the watcher has a thread and a socket of its own.
Invariant: `run` never returns into the zygote's loop.
"""

import faulthandler
import os
import socket
from typing import NamedTuple, NoReturn

from runtime.driverkit.transport import attach
from runtime.host.child import leave_zygote, rename
from runtime.host.connection import Connection
from runtime.host.driver import Driver
from runtime.host.lockdown import Sandbox
from runtime.host.queues import DefaultQueue
from runtime.host.rehearsal import rehearse
from runtime.host.watcher import Watcher
from runtime.linux import fault
from runtime.model.errors import SpawnError
from runtime.model.outcome import Stage
from runtime.wire import driver
from runtime.wire.limits import DRIVER_VERSION
from runtime.wire.zygote import Spawn


class Descriptors(NamedTuple):
    """What comes with a `Spawn`; see `DESCRIPTORS`."""

    control: int
    watch: int
    output: int
    crash: int


def run(spawn: Spawn, fds: Descriptors, sandbox: Sandbox) -> NoReturn:
    """Become the driver process; called in a fresh child of the zygote."""
    leave_zygote(spawn.name, fds.output, {fds.control, fds.watch, fds.crash}, sandbox)
    faulthandler.enable(fds.crash, all_threads=True)
    fault.record(fds.crash)
    connection = Connection(socket.socket(fileno=fds.control), os._exit)
    connection.send(driver.Hello(DRIVER_VERSION))
    queue = DefaultQueue(connection, connection.inbox)
    watcher = Watcher(socket.socket(fileno=fds.watch))
    host = Driver(
        connection,
        queue,
        watcher,
        rename=lambda name: rename(name, sandbox),
        dump=lambda: faulthandler.dump_traceback(fds.crash, all_threads=True),
    )
    attach(host)
    try:
        if spawn.in_advance:
            rehearse()
        held = sandbox.enter(spawn)
    except (SpawnError, OSError) as error:
        connection.send(driver.Goodbye(str(error)))
        os._exit(1)
    watcher.start(host.die)
    staged = driver.Staged(Stage.LOCKED_DOWN, held.applied, may=held.may, may_not=held.may_not)
    connection.send(staged)
    queue.serve(host.handle, host.die)
    raise AssertionError("the main thread's queue ends with the process")
