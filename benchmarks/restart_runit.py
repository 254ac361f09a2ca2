"""How long after `kill -9` a replacement is ready: a driver, and a service of runit.

Ours as in `restart`. Peer: `runsv` over a folder whose `run` starts Python with the SDK, without
a sandbox; ready when that process says so.
Invariant: the service has lived for longer than the second after which runsv restarts at once.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import ready_child
from benchmarks.harness import Benchmark, Sample
from benchmarks.restart import kill_after, ours
from benchmarks.stage import ROOT, TIMEOUT

LIVED = 1.2  # seconds: runsv waits before it restarts what lived for less than one


@contextmanager
def peer() -> Iterator[Sample]:
    """One service under runsv."""
    with tempfile.TemporaryDirectory() as folder:
        fifo = Path(folder) / "ready"
        os.mkfifo(fifo)
        reading = os.open(fifo, os.O_RDWR)
        command = [sys.executable, "-m", ready_child.__name__, str(fifo)]
        run = Path(folder) / "run"
        run.write_text(f"#!/bin/sh\ncd {shlex.quote(str(ROOT))}\nexec {shlex.join(command)}\n")
        run.chmod(0o755)
        supervisor = subprocess.Popen(["runsv", folder], stderr=subprocess.DEVNULL)
        try:
            pid = [_ready(reading)]

            def sample() -> float:
                began = kill_after(LIVED, pid[0])
                pid[0] = _ready(reading)
                return (time.perf_counter_ns() - began) / 1e6

            yield sample
        finally:
            supervisor.terminate()  # runsv ends its service first
            supervisor.wait(TIMEOUT)
            os.close(reading)


def _ready(reading: int) -> int:
    (pid,) = ready_child.PID.unpack(os.read(reading, ready_child.PID.size))
    return int(pid)


RESTART_RUNIT = Benchmark(
    name="restart-runit",
    summary="kill -9 → replacement ready",
    unit="ms",
    goal=0.06,
    ours=ours,
    peer=peer,
    samples=3,
    note="the runtime restarts at once, always; runit's service lives 1.2 s before each kill",
)
