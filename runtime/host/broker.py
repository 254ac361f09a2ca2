"""A broker process, from the fork to its end: one device, locked down like a driver.

It is not killed with the runtime, unlike a driver: it first gives the device back.
Invariant: `run` never returns into the zygote's loop; an error of its own ends the process.
"""

import asyncio
import faulthandler
import os
import socket
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from runtime.broker.broker import Broker
from runtime.host.lockdown import Sandbox
from runtime.model.errors import SpawnError
from runtime.wire.zygote import Spawn


def run(
    spawn: Spawn, fds: Sequence[int], sandbox: Sandbox, loop: asyncio.AbstractEventLoop
) -> NoReturn:
    """Become the broker; called in a child that has left the zygote.

    `fds` are those of its role; the loop was made before the lock-down, which refuses that.
    """
    control, output, *named = fds
    faulthandler.enable(output, all_threads=True)
    loop.set_exception_handler(_die)
    try:
        nodes = [open_node(each, sandbox) for each in named]
        applied = sandbox.enter(spawn)
        loop.run_until_complete(_serve(socket.socket(fileno=control), applied.applied, nodes))
    except SpawnError as error:
        print(error)  # noqa: T201 - goes to the runtime, which journals it
        os._exit(1)
    except BaseException:  # noqa: BLE001 - the edge of the process
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def open_node(node: int, sandbox: Sandbox) -> int:
    """Open what an O_PATH descriptor names, while /proc is at hand.

    Raises:
        SpawnError: It cannot be opened.
    """
    try:
        opened = os.open(f"self/fd/{node}", os.O_RDWR | os.O_CLOEXEC, dir_fd=sandbox.proc)
    except OSError as error:
        raise SpawnError(f"device node: expected to open it, found: {error.strerror}") from error
    os.close(node)
    return opened


async def _serve(runtime: socket.socket, applied: tuple[str, ...], nodes: Sequence[int]) -> None:
    over = asyncio.Event()
    Broker(runtime, over.set, nodes).start(applied)
    await over.wait()


def _die(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A broker that has lost its way holds a device: the next one does better."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        traceback.print_exception(error)
    else:
        print(context["message"])  # noqa: T201 - goes to the runtime, which journals it
    os._exit(1)
