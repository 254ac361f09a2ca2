"""Calls of a program to a driver's user client, one by one and many at a time.

Peers: raw bytes on the same thread and sockets, and dbus-fast through a private dbus-daemon. How
much of the time two processes need that only send each other a packet has a row of its own.
Invariant: every call's result is checked.
"""

import contextlib
import functools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.harness import Benchmark, Sample
from runtime.client.user_client import UserClient
from runtime.linux.sockets import seqpacket_pair

CALLS = 200  # in one sample, one after the other
MANY = 5_000  # in one sample, pipelined
WINDOW = 64  # calls on their way


@contextlib.contextmanager
def _child(kind: str) -> Iterator[socket.socket]:
    ours, theirs = seqpacket_pair()
    descriptor = theirs.fileno()
    command = [sys.executable, "-m", "benchmarks.rpc_child", kind, str(descriptor)]
    with subprocess.Popen(command, pass_fds=[descriptor]) as process:
        theirs.close()
        with ours:
            yield ours
        process.wait(10)


@contextlib.contextmanager
def _typed() -> Iterator[Sample]:
    with _child("typed") as sock, UserClient(sock, 1) as client:

        def sample() -> float:
            began = time.perf_counter()
            for number in range(CALLS):
                assert client.call(0, (number, 1), scalar_outputs=1).scalars == (number + 1,)
            return (time.perf_counter() - began) / CALLS * 1e6

        yield sample


@contextlib.contextmanager
def _bytes(kind: str = "bytes") -> Iterator[Sample]:
    with _child(kind) as sock:
        packet = bytes(20)

        def sample() -> float:
            began = time.perf_counter()
            for _ in range(CALLS):
                sock.send(packet)
                assert sock.recv(65536) == packet
            return (time.perf_counter() - began) / CALLS * 1e6

        yield sample


@contextlib.contextmanager
def _many_typed() -> Iterator[Sample]:
    with _child("typed") as sock, UserClient(sock, 1) as client:

        def sample() -> float:
            began = time.perf_counter()
            on_their_way = [client.submit(0, (1, 2), scalar_outputs=1) for _ in range(WINDOW)]
            for number in range(MANY):
                assert client.result(on_their_way[number]).scalars == (3,)
                if number < MANY - WINDOW:
                    on_their_way.append(client.submit(0, (1, 2), scalar_outputs=1))
            return (time.perf_counter() - began) / MANY * 1e6

        yield sample


@contextlib.contextmanager
def _many_bytes() -> Iterator[Sample]:
    with _child("bytes") as sock:
        packet = bytes(20)

        def sample() -> float:
            began = time.perf_counter()
            for _ in range(WINDOW):
                sock.send(packet)
            for number in range(MANY):
                assert sock.recv(65536) == packet
                if number < MANY - WINDOW:
                    sock.send(packet)
            return (time.perf_counter() - began) / MANY * 1e6

        yield sample


@contextlib.contextmanager
def _dbus() -> Iterator[Sample]:
    command = [sys.executable, "-m", "benchmarks.rpc_dbus"]
    bus = ["dbus-run-session", "--", *command, str(CALLS)]
    pipe = subprocess.PIPE
    with subprocess.Popen(bus, stdin=pipe, stdout=pipe, text=True, env=os.environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def sample() -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield sample
        process.stdin.close()
        process.wait(10)


RPC = Benchmark(
    name="rpc",
    summary="a program's call of two numbers to a driver's user client",
    unit="µs",
    goal=1.5,
    ours=_typed,
    peer=_bytes,
    samples=3,
)
RPC_DBUS = Benchmark(
    name="rpc-dbus",
    summary="the same",
    unit="µs",
    goal=0.2,
    ours=_typed,
    peer=_dbus,
    samples=3,
)
RPC_BARE = Benchmark(
    name="rpc-bare",
    summary="a packet there and back between two processes that do nothing else",
    unit="µs",
    goal=0.2,
    ours=functools.partial(_bytes, "bare"),
    peer=_dbus,
    samples=3,
)
RPC_MANY = Benchmark(
    name="rpc-pipelined",
    summary=f"the same with {WINDOW} calls on their way; 10 µs are 100,000 calls a second",
    unit="µs",
    goal=3.0,
    ours=_many_typed,
    peer=_many_bytes,
    samples=3,
)
