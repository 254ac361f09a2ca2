"""How long after `kill -9` of a driver its sandboxed replacement is ready.

Ours: the sample's driver; ready when the runtime tells its clients that it runs again.
Peer: gunicorn's preloaded worker, without any sandbox; ready when it says so.
Invariant: the clock starts right before the kill, in the process that also stops it.
"""

import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Benchmark, Sample
from benchmarks.stage import open_stage
from runtime.model.driver_lifecycle import DriverState

TIMEOUT = 30.0  # seconds
QUIET = 0.15  # seconds before a kill: gunicorn sleeps up to 0.1 after it started a worker


def kill_after(seconds: float, pid: int) -> int:
    """Kill a process that has been up for a while; return when, by the monotonic clock."""
    time.sleep(seconds)
    began = time.perf_counter_ns()
    os.kill(pid, signal.SIGKILL)
    return began


@contextmanager
def ours() -> Iterator[Sample]:
    """The sample device plugged into a runtime of its own, its driver running."""
    with open_stage("--restart-at-once") as stage:
        stage.approve_sample()
        stage.plug_sample()

        def sample() -> float:
            pid = stage.wait_for_driver(DriverState.RUNNING).pid
            began = kill_after(QUIET, pid)
            stage.wait_for_driver(DriverState.RUNNING, other_than=pid)
            return (time.perf_counter_ns() - began) / 1e6

        yield sample


@contextmanager
def peer() -> Iterator[Sample]:
    """Gunicorn with one preloaded worker."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "BENCHMARK_PIPE": str(writing),
            "BENCHMARK_SOCKET": str(Path(folder) / "http"),
        }
        configuration = f"python:{__package__}.gunicorn_conf"
        command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-c", configuration]
        master = subprocess.Popen(
            [*command, f"{__package__}.gunicorn_conf:app"],
            env=environment,
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        ready = struct.Struct("=i")
        try:
            pid: list[int] = list(ready.unpack(os.read(reading, ready.size)))

            def sample() -> float:
                began = kill_after(QUIET, pid[0])
                pid[0] = ready.unpack(os.read(reading, ready.size))[0]
                return (time.perf_counter_ns() - began) / 1e6

            yield sample
        finally:
            master.terminate()
            master.wait(TIMEOUT)
            os.close(reading)


RESTART = Benchmark(
    name="restart",
    summary="kill -9 → replacement ready",
    unit="ms",
    goal=0.55,
    ours=ours,
    peer=peer,
    samples=20,
    note="the runtime restarts at once, always: its restart policy would add growing delays",
)
