"""A data queue between two processes: in order, and with a peer that scribbles over it."""

import os
import random
import socket
import subprocess
import sys
import textwrap

import pytest

from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import SharedMemory
from runtime.model.errors import BreachError

HEAD = """
import random, socket, sys
from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import SharedMemory
memory = SharedMemory.adopt(int(sys.argv[1]))
queue = DataQueue(memory, socket.socket(fileno=int(sys.argv[2])))
"""
PRODUCER = """
for number in range(5000):
    data = number.to_bytes(4, "little") * (1 + number % 300)
    while queue.put(data) is None:
        queue.wait()
queue.close()
"""
SCRIBBLER = """
noise = random.Random(7)
for _ in range(30_000):
    queue.wake()
    at = noise.choice((0, 64, 128, 8 * noise.randrange(len(memory.mapped) // 8)))
    word = noise.choice((0, 8, 64, 1 << 63, (1 << 64) - 1, noise.randrange(1 << 12)))
    memory.mapped[at : at + 8] = word.to_bytes(8, "little")
"""


def other(queue: DataQueue, code: str) -> subprocess.Popen[bytes]:
    """A process with the other side of the queue."""
    memory, end = queue.share()
    code = textwrap.dedent(HEAD + code)
    try:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(memory), str(end)], pass_fds=[memory, end]
        )
    finally:
        os.close(end)


def test_all_entries_come_whole_and_in_order() -> None:
    queue = DataQueue.create(4096)
    with other(queue, PRODUCER) as process:
        for number in range(5000):
            while (entry := queue.take()) is None:
                assert queue.wait(20)
            assert entry == number.to_bytes(4, "little") * (1 + number % 300)
        assert process.wait(20) == 0
    while queue.wait(20):
        pass
    assert queue.settle() is False  # the other side is gone
    queue.close()


@pytest.mark.parametrize("takes", [True, False])
def test_a_peer_that_scribbles_over_it_ends_the_queue_at_most(takes: bool) -> None:
    queue = DataQueue.create(1024)
    fd = queue._memory.fileno()
    breaches = 0
    with other(queue, SCRIBBLER) as process:
        while process.poll() is None:
            ours, theirs = socket.socketpair()
            fresh = DataQueue(SharedMemory.adopt(os.dup(fd)), ours, theirs)
            try:
                for _ in range(50):
                    if takes:
                        entry = fresh.take()
                        assert entry is None or len(entry) <= 1016
                    else:
                        fresh.put(bytes(random.randrange(500)))
            except BreachError:
                breaches += 1
            finally:
                fresh.close()
    queue.close()
    assert breaches > 0


def test_it_is_shared_once() -> None:
    queue = DataQueue.create(64)
    memory, end = queue.share()
    with pytest.raises(ValueError, match="found it shared"):
        queue.share()
    theirs = DataQueue(SharedMemory.adopt(os.dup(memory)), socket.socket(fileno=end))
    assert queue.put(b"x", wake=False) is True
    assert not theirs.wait(0)
    queue.wake()
    assert theirs.wait(20)
    assert theirs.take() == b"x"
    assert theirs.consumes
    assert not queue.consumes
    theirs.close()
    queue.close()
