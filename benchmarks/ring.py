"""Data from one process to another through a data queue, against a copy within one.

Peer: Python's own memcpy, a slice assigned. The consumer reads in place, and is woken when the
ring is full or all is in it, as with `EnqueueWithCoalesce`.
Invariant: both move the same bytes, in blocks of the same size.
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
from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import SharedMemory

BLOCK, SMALL = 1 << 20, 1 << 16
BLOCKS = 200
RING = 8 << 20


@contextlib.contextmanager
def _ring(size: int) -> Iterator[Sample]:
    queue = DataQueue.create(RING)
    memory, end = queue.share()
    command = [sys.executable, "-m", "benchmarks.ring", str(memory), str(end), str(size)]
    with subprocess.Popen(command, pass_fds=[memory, end], stdout=subprocess.PIPE) as consumer:
        os.close(end)
        assert consumer.stdout is not None
        done = consumer.stdout
        block = bytes(size)

        def sample() -> float:
            began = time.perf_counter()
            for _ in range(BLOCKS):
                while queue.put(block, wake=False) is None:
                    queue.wake()
                    assert queue.wait(), "the consumer has ended"
            queue.wake()
            done.readline()
            return (time.perf_counter() - began) / BLOCKS * 1e6

        yield sample
        queue.close()
        consumer.wait(10)


@contextlib.contextmanager
def _memcpy(size: int) -> Iterator[Sample]:
    target, block = memoryview(SharedMemory.create(RING).mapped), bytes(size)

    def sample() -> float:
        began = time.perf_counter()
        for number in range(BLOCKS):
            at = number * size % RING
            target[at : at + size] = block
        return (time.perf_counter() - began) / BLOCKS * 1e6

    yield sample


def main() -> None:
    """The consumer: says a line whenever it has had all blocks of a sample."""
    memory = SharedMemory.adopt(int(sys.argv[1]))
    queue = DataQueue(memory, socket.socket(fileno=int(sys.argv[2])))
    size, taken = int(sys.argv[3]), 0
    while True:
        while (entry := queue.peek()) is None:
            if not queue.wait():
                return
        assert len(entry) == size
        entry.release()
        queue.drop()
        taken += 1
        if taken % BLOCKS == 0:
            sys.stdout.write("done\n")
            sys.stdout.flush()


RING_COPY = Benchmark(
    name="ring",
    summary="1 MiB through a data queue to another process, read in place",
    unit="µs",
    goal=1.25,
    ours=functools.partial(_ring, BLOCK),
    peer=functools.partial(_memcpy, BLOCK),
    samples=3,
)
RING_SMALL = Benchmark(
    name="ring-small",
    summary="the same with blocks of 64 KiB",
    unit="µs",
    goal=1.25,
    ours=functools.partial(_ring, SMALL),
    peer=functools.partial(_memcpy, SMALL),
    samples=3,
)

if __name__ == "__main__":
    main()
