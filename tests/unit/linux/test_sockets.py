"""Packets and descriptors over real socket pairs; sealed files."""

import fcntl
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.linux import memfd, usage
from runtime.linux.sockets import (
    Peer,
    peer_credentials,
    receive_bytes,
    receive_packet,
    send_packet,
    seqpacket_pair,
)
from runtime.model.errors import BreachError
from runtime.wire import limits


def test_a_packet_keeps_its_borders_and_descriptors() -> None:
    one, other = seqpacket_pair()
    fd = memfd.sealed("x", b"content")
    with one, other:
        send_packet(one, b"first", [fd])
        send_packet(one, b"second")
        data, (received,) = receive_packet(other, max_fds=1)
        assert (data, memfd.read_sealed(received)) == (b"first", b"content")
        assert not os.get_inheritable(received)
        os.close(received)
        assert receive_packet(other) == (b"second", [])
        one.close()
        assert receive_packet(other) == (b"", [])
    os.close(fd)


def test_unexpected_descriptors_are_closed() -> None:
    one, other = seqpacket_pair()
    with one, other:
        before = len(list(Path("/proc/self/fd").iterdir()))
        send_packet(one, b"x", [one.fileno(), one.fileno()])
        with pytest.raises(BreachError, match="at most 1 descriptors, found 2"):
            receive_packet(other, max_fds=1)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_descriptors_beside_mere_bytes_are_closed() -> None:
    one, other = seqpacket_pair()
    reader, writer = os.pipe()
    with one, other:
        before = len(list(Path("/proc/self/fd").iterdir()))
        send_packet(one, b"x", [writer])
        os.close(writer)
        assert receive_bytes(other) == b"x"
        assert os.read(reader, 1) == b""  # nobody has the writing end any more
        assert len(list(Path("/proc/self/fd").iterdir())) == before - 1
        one.close()
        assert receive_bytes(other) == b""
    os.close(reader)


@pytest.mark.parametrize("receive", [receive_packet, receive_bytes])
def test_a_longer_packet_is_a_breach(receive: Callable[[socket.socket], object]) -> None:
    one, other = seqpacket_pair()
    with one, other:
        with pytest.raises(ValueError, match="expected 1 to"):
            send_packet(one, bytes(limits.PACKET + 1))
        one.send(bytes(limits.PACKET + 1))
        with pytest.raises(BreachError, match="found a longer one"):
            receive(other)


def test_where_packets_are_received_is_no_memory_that_forks_share() -> None:
    """A driver would otherwise see what another one, or the zygote, is told."""
    ours, theirs = seqpacket_pair()
    found: list[int] = []

    def receive() -> None:
        before = shared_mappings()
        assert receive_packet(theirs) == (b"told", [])
        found.append(shared_mappings() - before)

    with ours, theirs:
        send_packet(ours, b"told")
        thread = threading.Thread(target=receive)  # a thread receives in memory of its own
        thread.start()
        thread.join()
    assert found == [0]


def shared_mappings() -> int:
    """How much of this process's memory a fork of it shares."""
    return sum(" rw-s " in line for line in Path("/proc/self/maps").read_text().splitlines())


def test_an_empty_packet_is_never_sent() -> None:
    one, other = seqpacket_pair()
    with one, other, pytest.raises(ValueError, match="found 0"):
        send_packet(one, b"")


def test_peer_credentials_are_the_kernel_s() -> None:
    one, other = socket.socketpair()
    with one, other:
        started = usage.started_ticks(os.getpid())
        assert started > 0
        groups = frozenset(os.getgroups())
        expected = Peer(os.getpid(), os.getuid(), os.getgid(), started, groups)
        assert peer_credentials(one) == expected


def test_a_sealed_file_cannot_change() -> None:
    fd = memfd.sealed("x", b"content")
    try:
        with pytest.raises(PermissionError):
            os.pwrite(fd, b"y", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def test_a_file_without_all_seals_is_refused() -> None:
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    with pytest.raises(BreachError, match="expected all seals"):
        memfd.read_sealed(fd)
    os.close(fd)
    with (
        Path(os.devnull).open() as file,
        pytest.raises(BreachError, match="expected a sealed memfd"),
    ):
        memfd.read_sealed(file.fileno())
