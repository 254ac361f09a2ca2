"""A process forked in advance, for the broker or opener that is needed next.

It waits as the zygote does, before the lock-down, for one `Spawn` with the descriptors of its
role; a fork and the way out of the zygote are behind it then.
Invariant: nobody but the runtime speaks with it; `run` and `begin` never return into the
zygote's loop.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import NoReturn

from runtime.host import broker, opener
from runtime.host.child import leave_zygote, print_to, rename
from runtime.host.lockdown import Sandbox
from runtime.linux.sockets import receive_packet
from runtime.model.errors import BreachError
from runtime.wire import codec, limits
from runtime.wire.zygote import Role, Spawn

_decode: codec.Decoder[Spawn] = codec.Decoder(Spawn, "packet of the runtime to a spare process")


def run(spawn: Spawn, fds: Sequence[int], sandbox: Sandbox) -> NoReturn:
    """Wait for what to become; called in a fresh child. `fds` are those of its role."""
    (control,) = fds
    silence = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    leave_zygote(spawn.name, silence, {control}, sandbox)
    loop = asyncio.new_event_loop()  # most become brokers
    try:
        with socket.socket(fileno=control) as runtime:
            packet, given = receive_packet(runtime, max_fds=limits.DESCRIPTORS)
        if not packet:
            os._exit(0)  # the runtime is gone, or wants none any more
        wanted = _decode(packet)
    except (BreachError, ConnectionResetError):
        os._exit(1)
    _, output, *_ = given
    print_to(output)
    rename(wanted.name, sandbox)
    _become(wanted, given, sandbox, loop)


def begin(spawn: Spawn, fds: Sequence[int], sandbox: Sandbox) -> NoReturn:
    """Become a broker or an opener at once; called in a fresh child."""
    _, output, *_ = fds
    leave_zygote(spawn.name, output, set(fds), sandbox)
    _become(spawn, fds, sandbox, asyncio.new_event_loop())


def _become(
    spawn: Spawn, fds: Sequence[int], sandbox: Sandbox, loop: asyncio.AbstractEventLoop
) -> NoReturn:
    if spawn.role is Role.USB_OPENER:
        opener.run(fds, sandbox)
    broker.run(spawn, fds, sandbox, loop)
