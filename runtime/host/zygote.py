"""The process that drivers and brokers are forked from: `python -m runtime.host.zygote FD`.

Single-threaded, with the SDK and much of the standard library imported, its heap frozen, and
inside the shared part of the sandbox. FD is its end of a SEQPACKET pair with the runtime.
Invariant: never holds a device, and never runs anything of a driver itself.
"""

import gc
import importlib
import os
import socket
import sys

from runtime.host import no_tls  # noqa: F401  # before anything imports asyncio

# isort: split
from runtime.driverkit import transport
from runtime.host import native, process, spare
from runtime.host.child import settle
from runtime.host.lockdown import Sandbox, prepare
from runtime.linux import memfd
from runtime.linux import spawn as kernel
from runtime.linux.sockets import receive_packet, send_packet
from runtime.model import archive
from runtime.model.errors import BreachError, SpawnError
from runtime.model.identity import ContentHash
from runtime.wire import codec, limits, session
from runtime.wire.zygote import (
    DESCRIPTORS,
    DropNative,
    NativePut,
    PutNative,
    Ready,
    Role,
    Spawn,
    Spawned,
    SpawnFailed,
    ToZygote,
)

PRELOADED = """
array asyncio base64 collections.abc contextlib ctypes dataclasses datetime decimal enum functools
heapq itertools json logging math pdb queue re struct threading time traceback
typing
"""
"""Modules that drivers are likely to import: forked, they cost nothing. They are loaded after the
SDK and the host, so that what every driver touches lies together and few pages are copied."""

_decode: codec.Decoder[ToZygote] = codec.Decoder(ToZygote, "packet of the runtime to its zygote")


def main(argv: list[str] | None = None) -> int:
    """Serve until the runtime closes its end; 0 then, 2 when it broke the protocol."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1 or not arguments[0].isdecimal():
        sys.stderr.write("zygote: expected the number of its socket as argument\n")
        return 2
    sys.dont_write_bytecode = True  # late imports of drivers: their root is read-only
    settle()
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
    for name in PRELOADED.split():
        importlib.import_module(name)
    session.driver_of_runtime()  # decoders are made here, once, and not by each driver
    session.watcher_of_runtime()
    transport.prepare()
    try:
        sandbox, refusal = prepare(), ""
    except SpawnError as error:
        sandbox, refusal = None, str(error)
    gc.collect()
    gc.freeze()
    missing = sandbox.missing if sandbox else (refusal,)
    send_packet(runtime, codec.encode(Ready(missing, sandbox is not None and sandbox.elevated)))
    while True:
        packet, fds = receive_packet(runtime, max_fds=limits.DESCRIPTORS)
        if not packet:
            return 0
        try:
            _take(runtime, _decode(packet), fds, sandbox, refusal)
        finally:
            for fd in fds:
                os.close(fd)


def _take(
    runtime: socket.socket, message: ToZygote, fds: list[int], sandbox: Sandbox | None, refusal: str
) -> None:
    match message:
        case Spawn():
            _spawn(runtime, message, fds, sandbox, refusal)
        case PutNative():
            refused = _put_native(message, fds, sandbox.native) if sandbox else refusal
            send_packet(runtime, codec.encode(NativePut(message.number, refused)))
        case DropNative(content_hash=content) if sandbox:
            native.drop(sandbox.native, ContentHash(content))


def _put_native(message: PutNative, fds: list[int], folder: int) -> str:
    """Put them there; why that could not be done, empty when it was."""
    if len(fds) != 1:
        raise BreachError(f"native modules: expected one descriptor, found {len(fds)}")
    files = archive.unpack(memfd.read_sealed(fds[0]))
    try:
        native.put(folder, ContentHash(message.content_hash), files)
    except OSError as error:
        return f"native modules: expected room for them, found: {error.strerror}"
    return ""


def _spawn(
    runtime: socket.socket, spawn: Spawn, fds: list[int], sandbox: Sandbox | None, refusal: str
) -> None:
    wanted = len(DESCRIPTORS[spawn.role])
    if len(fds) < wanted or (len(fds) > wanted and spawn.role is not Role.HID_BROKER):
        raise BreachError(f"spawn: expected {wanted} descriptors, found {len(fds)}")
    if sandbox is None:
        send_packet(runtime, codec.encode(SpawnFailed(spawn.number, refusal)))
        return
    try:
        pid, pidfd = kernel.clone(sandbox.flags | kernel.CLONE_PARENT)
    except OSError as error:
        text = f"process of {spawn.name}: {error}"
        send_packet(runtime, codec.encode(SpawnFailed(spawn.number, text)))
        return
    if pid == 0 and spawn.role is Role.DRIVER:
        process.run(spawn, process.Descriptors(*fds), sandbox)
    if pid == 0 and spawn.role is Role.SPARE:
        spare.run(spawn, fds, sandbox)
    if pid == 0:
        spare.begin(spawn, fds, sandbox)
    try:
        send_packet(runtime, codec.encode(Spawned(spawn.number, pid)), [pidfd])
    finally:
        os.close(pidfd)


if __name__ == "__main__":
    sys.exit(main())
