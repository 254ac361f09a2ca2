"""How long after `kill -9` a replacement is ready: a driver, and a service of runit.

Ours as in `restart`. Peer: `runsv` over a folder whose `run` starts Python with the SDK, without
a sandbox; ready when that process says so.
Invariant: the service has lived for longer than the second after which runsv restarts at once.
"""

import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Benchmark, Sample
from benchmarks.ready import ready_fifo
from benchmarks.restart import kill_after, ours
from benchmarks.stage import ROOT, TIMEOUT

LIVED = 1.2  # seconds: runsv waits before it restarts what lived for less than one


@contextmanager
def peer() -> Iterator[Sample]:
    """One service under runsv."""
    with ready_fifo() as ready:
        run = ready.folder / "run"
        script = f"cd {shlex.quote(str(ROOT))}\nexec {shlex.join(ready.command)}"
        run.write_text(f"#!/bin/sh\n{script}\n")
        run.chmod(0o755)
        supervisor = subprocess.Popen(["runsv", ready.folder], stderr=subprocess.DEVNULL)
        try:
            pid = [ready.pid()]

            def sample() -> float:
                began = kill_after(LIVED, pid[0])
                pid[0] = ready.pid()
                return (time.perf_counter_ns() - began) / 1e6

            yield sample
        finally:
            supervisor.terminate()  # runsv ends its service first
            supervisor.wait(TIMEOUT)


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
