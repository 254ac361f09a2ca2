"""The process that drivers are forked from: `python -m runtime.host.zygote FD`.

Single-threaded, with the SDK and much of the standard library imported, its heap frozen, and
inside the shared part of the sandbox. FD is its end of a SEQPACKET pair with the runtime.
Invariant: never holds a device, and never runs anything of a driver itself.
"""

# The imports that nothing here uses are for the drivers: forked, they cost nothing.
import array  # noqa: F401 - for drivers
import asyncio  # noqa: F401 - for drivers
import ctypes  # noqa: F401 - for drivers
import dataclasses  # noqa: F401 - for drivers
import decimal  # noqa: F401 - for drivers
import enum  # noqa: F401 - for drivers
import gc
import json  # noqa: F401 - for drivers
import logging  # noqa: F401 - for drivers
import os
import signal
import socket
import struct  # noqa: F401 - for drivers
import sys

from runtime.host import process
from runtime.host.lockdown import Sandbox, prepare
from runtime.linux import spawn as kernel
from runtime.linux.sockets import receive_packet, send_packet
from runtime.model.errors import BreachError, SpawnError
from runtime.wire import codec
from runtime.wire.zygote import SPAWN_DESCRIPTORS, Ready, Spawn, Spawned, SpawnFailed

_decode: codec.Decoder[Spawn] = codec.Decoder(Spawn, "packet of the runtime to its zygote")


def main(argv: list[str] | None = None) -> int:
    """Serve until the runtime closes its end; 0 then, 2 when it broke the protocol."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1 or not arguments[0].isdecimal():
        sys.stderr.write("zygote: expected the number of its socket as argument\n")
        return 2
    sys.dont_write_bytecode = True  # late imports of drivers: their root is read-only
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the program in front
    with socket.socket(fileno=int(arguments[0])) as runtime:
        runtime.set_inheritable(False)
        try:
            return _serve(runtime)
        except BreachError as error:
            sys.stderr.write(f"zygote: {error}\n")
            return 2
        except (BrokenPipeError, ConnectionResetError):
            return 0  # the runtime is gone


def _serve(runtime: socket.socket) -> int:
    sandbox: Sandbox | None
    try:
        sandbox, refusal = prepare(), ""
    except SpawnError as error:
        sandbox, refusal = None, str(error)
    gc.collect()
    gc.freeze()
    missing = sandbox.missing if sandbox else (refusal,)
    send_packet(runtime, codec.encode(Ready(missing)))
    while True:
        packet, fds = receive_packet(runtime, max_fds=len(SPAWN_DESCRIPTORS))
        if not packet:
            return 0
        try:
            _spawn(runtime, _decode(packet), fds, sandbox, refusal)
        finally:
            for fd in fds:
                os.close(fd)


def _spawn(
    runtime: socket.socket, spawn: Spawn, fds: list[int], sandbox: Sandbox | None, refusal: str
) -> None:
    if len(fds) != len(SPAWN_DESCRIPTORS):
        raise BreachError(f"spawn: expected {len(SPAWN_DESCRIPTORS)} descriptors, found {len(fds)}")
    if sandbox is None:
        send_packet(runtime, codec.encode(SpawnFailed(spawn.number, refusal)))
        return
    try:
        pid, pidfd = kernel.clone(sandbox.flags | kernel.CLONE_PARENT)
    except OSError as error:
        text = f"process of {spawn.name}: {error}"
        send_packet(runtime, codec.encode(SpawnFailed(spawn.number, text)))
        return
    if pid == 0:
        process.run(spawn, process.Descriptors(*fds), sandbox)
    try:
        send_packet(runtime, codec.encode(Spawned(spawn.number, pid)), [pidfd])
    finally:
        os.close(pidfd)


if __name__ == "__main__":
    sys.exit(main())
