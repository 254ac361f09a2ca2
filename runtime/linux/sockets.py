"""AF_UNIX SOCK_SEQPACKET pairs: whole packets, descriptors in band, credentials of the peer.

Source: unix(7), recvmsg(2). Invariant: no descriptor that arrives is ever left open unowned.
"""

import array
import mmap
import os
import socket
import struct
import threading
from collections.abc import Sequence
from typing import NamedTuple

from runtime.linux import usage
from runtime.model.errors import BreachError
from runtime.wire import limits

_INT = array.array("i").itemsize
_SPACE = socket.CMSG_SPACE(limits.DESCRIPTORS * _INT)
_CLOSE, _QUIET = int(socket.MSG_CMSG_CLOEXEC), int(socket.MSG_NOSIGNAL)  # enums are slow
_TRUNCATED = int(socket.MSG_TRUNC | socket.MSG_CTRUNC)
_WHOLE = int(socket.MSG_TRUNC)  # the result is the packet's length, also where it was cut
_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_of_thread = threading.local()
_UCRED = struct.Struct("iII")
_SO_PEERGROUPS = 59  # unix(7); socket has no name for it
_MOST_GROUPS = 256  # Python asks for at most 1024 bytes


class Peer(NamedTuple):
    """Who connected or made the pair, as the kernel says (SO_PEERCRED)."""

    pid: int
    uid: int
    gid: int
    started: int = 0  # in ticks, as `usage.started_ticks`; tells a pid from one used again
    groups: frozenset[int] = frozenset()  # besides `gid`


def seqpacket_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected, blocking ends; both close on exec."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_packet(sock: socket.socket, data: bytes, fds: Sequence[int] = ()) -> None:
    """Send one packet; the descriptors stay the caller's.

    Raises:
        BlockingIOError: `sock` does not block and its buffer is full.
        OSError: The peer is gone (BrokenPipeError) or the packet is too long (EMSGSIZE).
        ValueError: The packet is empty (it would read as an end of file) or too long.
    """
    if not 0 < len(data) <= limits.PACKET:
        raise ValueError(f"packet: expected 1 to {limits.PACKET} bytes, found {len(data)}")
    if fds:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        sock.sendmsg([data], ancillary, _QUIET)
    else:
        sock.send(data, _QUIET)


def receive_packet(
    sock: socket.socket, max_fds: int = 0, flags: int = 0
) -> tuple[bytes, list[int]]:
    """Receive one packet and the descriptors beside it, which become the caller's.

    `flags` are of recvmsg(2), e.g. MSG_DONTWAIT.

    Returns:
        The packet, b"" at the end of file, and at most `max_fds` descriptors (close on exec).

    Raises:
        BlockingIOError: `sock` does not block and nothing is there.
        BreachError: The packet or its ancillary data was truncated, or more descriptors came
            than expected; all that came are closed.
    """
    try:
        buffer: memoryview = _of_thread.buffer
    except AttributeError:
        buffer = _buffer()
    count, ancillary, told, _ = sock.recvmsg_into((buffer,), _SPACE, _CLOSE | flags)
    fds = _descriptors(ancillary) if ancillary else []
    truncated = told & _TRUNCATED
    if truncated or len(fds) > max_fds:
        for fd in fds:
            os.close(fd)
        if truncated:
            raise _too_long()
        raise BreachError(f"packet: expected at most {max_fds} descriptors, found {len(fds)}")
    return bytes(buffer[:count]), fds


def receive_bytes(sock: socket.socket, flags: int = 0) -> bytes:
    """Receive one packet; descriptors beside it are closed by the kernel. Quicker than with them.

    `flags` are of recv(2). Returns b"" at the end of file.

    Raises:
        BlockingIOError: `sock` does not block and nothing is there.
        BreachError: The packet was truncated.
    """
    try:
        buffer: memoryview = _of_thread.buffer
    except AttributeError:
        buffer = _buffer()
    count = sock.recv_into(buffer, 0, _WHOLE | flags)
    if count > limits.PACKET:
        raise _too_long()
    return bytes(buffer[:count])


def _too_long() -> BreachError:
    return BreachError(f"packet: expected at most {limits.PACKET} bytes, found a longer one")


def _buffer() -> memoryview:
    """Where this thread receives: making room for the largest packet each time costs more.

    Mapped, so that it takes only as many pages as the longest packet had; private, for a process
    that is forked has it, too.
    """
    buffer = _of_thread.buffer = memoryview(mmap.mmap(-1, limits.PACKET, _PRIVATE))
    return buffer


def receive_stream(sock: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Receive bytes of a stream and the descriptors beside them, which become the caller's.

    Raises:
        BlockingIOError: `sock` does not block and nothing is there.
        BreachError: More descriptors came than a message may have; all that came are closed.
    """
    data, ancillary, flags, _ = sock.recvmsg(size, _SPACE, socket.MSG_CMSG_CLOEXEC)
    descriptors = _descriptors(ancillary)
    if flags & socket.MSG_CTRUNC:
        for fd in descriptors:
            os.close(fd)
        raise BreachError(f"message: expected at most {limits.DESCRIPTORS} descriptors, found more")
    return data, descriptors


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % _INT])
    return list(fds)


def peer_credentials(sock: socket.socket) -> Peer:
    """Who is at the other end of a connected AF_UNIX socket."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, gid = _UCRED.unpack(raw)
    return Peer(pid, uid, gid, usage.started_ticks(pid), _peer_groups(sock))


def _peer_groups(sock: socket.socket) -> frozenset[int]:
    """Groups of the other end; none where it has more than a question can be answered with."""
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_GROUPS * 4)
    except OSError:
        return frozenset()
    return frozenset(array.array("I", raw))
