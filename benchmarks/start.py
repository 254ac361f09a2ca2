"""How long a sandboxed driver takes to start.

Ours: from the request for a process until Start has returned, by the driver's launch timeline;
the sample's driver, its device plugged in anew each time.
Peer: bubblewrap with namespaces of its own around Python with the SDK, until that says it is up.
Invariant: both start a process that was not there before the request was foreseeable, except
for the two generic ones that a runtime keeps, a standby and a spare broker; both find Python's
code compiled by an earlier process.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Benchmark, Sample
from benchmarks.ready import ready_fifo
from benchmarks.stage import ROOT, TIMEOUT, open_stage
from runtime.model.driver_lifecycle import DriverState

QUIET = 0.15  # seconds: the standby was replaced by then
BUBBLEWRAP = ("bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev")


@contextmanager
def ours() -> Iterator[Sample]:
    """A runtime of its own; each sample unplugs the device and plugs it in again."""
    with open_stage() as stage:
        stage.approve_sample()
        stage.plug_sample()

        def sample() -> float:
            pid = stage.wait_for_driver(DriverState.RUNNING).pid
            stage.unplug_sample()
            time.sleep(QUIET)
            stage.plug_sample()
            driver = stage.wait_for_driver(DriverState.RUNNING, other_than=pid)
            return driver.launch[-1].after_us / 1e3

        yield sample


@contextmanager
def peer() -> Iterator[Sample]:
    """Bubblewrap around Python, once a sample."""
    with ready_fifo() as ready:
        folder = str(ready.folder)
        command = [*BUBBLEWRAP, "--bind", folder, folder, "--chdir", str(ROOT), *ready.command]

        def sample() -> float:
            time.sleep(QUIET)
            began = time.perf_counter_ns()
            process = subprocess.Popen(command)
            ready.pid()
            took = (time.perf_counter_ns() - began) / 1e6
            process.kill()
            process.wait(TIMEOUT)
            return took

        yield sample


START = Benchmark(
    name="start",
    summary="request → sandboxed driver started",
    unit="ms",
    goal=0.08,
    ours=ours,
    peer=peer,
    samples=10,
)
