"""What has precedence loses it while it is busy, and no other process is touched."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.linux import scheduling
from runtime.supervisor.pace import Pace, goes_first

SECONDS = 20.0
SPIN = "import threading\nthreading.Thread(target=input, daemon=True).start()\nwhile True: pass"

needs_precedence = pytest.mark.skipif(
    not scheduling.may_go_first(), reason="this user may not put processes before others"
)


@pytest.mark.parametrize(
    ("percent", "had", "has"),
    [
        (0, True, True),
        (50, True, True),
        (51, True, False),
        (0, False, True),
        (25, False, True),
        (26, False, False),
    ],
)
def test_half_of_a_cpu_is_the_most(percent: int, had: bool, has: bool) -> None:
    assert goes_first(percent, 100, first=had) is has


@contextmanager
def child(code: str) -> Iterator[int]:
    """A Python process; its main thread's pid."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        stdin=subprocess.PIPE,
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def policies(pid: int) -> set[int]:
    """How its threads are scheduled."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return {os.sched_getscheduler(int(t.name)) & ~os.SCHED_RESET_ON_FORK for t in threads}


def own_policy() -> int:
    """How this process is scheduled."""
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK


async def until(true: Callable[[], bool]) -> None:
    """Wait; the timeout is the failure."""
    async with asyncio.timeout(SECONDS):
        while True:
            if true():
                return
            await asyncio.sleep(0.02)


@needs_precedence
def test_a_busy_process_loses_precedence_and_a_quiet_one_gets_it_back() -> None:
    async def scenario(busy: int, quiet: int) -> None:
        pace = Pace()
        assert pace.elevate(busy)
        assert pace.elevate(quiet)
        await until(lambda: policies(busy) == {os.SCHED_OTHER})
        assert policies(quiet) == {os.SCHED_RR}
        os.kill(busy, signal.SIGSTOP)
        await until(lambda: policies(busy) == {os.SCHED_RR})
        pace.close()

    with child(SPIN) as busy, child("input()") as quiet:
        asyncio.run(scenario(busy, quiet))


@needs_precedence
def test_a_pid_that_is_another_process_s_now_is_let_alone() -> None:
    async def scenario(spinning: int, marker: int) -> None:
        pace = Pace()
        pace.elevate(spinning)
        pace.elevate(marker)
        pace._watched[spinning].started_us -= 1
        await until(lambda: policies(marker) == {os.SCHED_OTHER})
        assert policies(spinning) == {os.SCHED_RR}
        pace.close()

    with child(SPIN) as spinning, child(SPIN) as marker:
        asyncio.run(scenario(spinning, marker))


@needs_precedence
def test_whoever_watches_goes_before_the_watched_and_what_it_starts_is_ordinary() -> None:
    async def scenario(driver: int) -> None:
        pace = Pace()
        pace.elevate(driver)
        assert os.sched_getparam(0).sched_priority > os.sched_getparam(driver).sched_priority > 0
        with child("input()") as started:
            assert policies(started) == {os.SCHED_OTHER}
        pace.close()
        assert own_policy() == os.SCHED_OTHER

    with child("input()") as driver:
        asyncio.run(scenario(driver))


@needs_precedence
def test_whoever_watches_is_held_to_its_share_itself() -> None:
    async def scenario(driver: int) -> None:
        pace = Pace()
        pace.elevate(driver)
        async with asyncio.timeout(SECONDS):
            while own_policy() != os.SCHED_OTHER:  # noqa: ASYNC110 - it is to be busy
                await asyncio.sleep(0)
        assert policies(driver) == {os.SCHED_RR}
        pace.close()

    with child("input()") as driver:
        asyncio.run(scenario(driver))


@needs_precedence
def test_processes_that_are_gone_are_forgotten_and_the_clock_stops() -> None:
    async def scenario(process: "subprocess.Popen[bytes]") -> None:
        pace = Pace()
        assert pace.elevate(process.pid)
        process.kill()
        process.wait()
        await until(lambda: pace._timer is None)
        assert not pace._watched
        assert not pace.elevate(process.pid)
        await until(lambda: pace._timer is None)

    asyncio.run(scenario(subprocess.Popen(["sleep", "100"])))


def test_used_time_is_the_process_s_own() -> None:
    before = scheduling.used_ns(os.getpid())
    own = time.process_time_ns()
    assert before is not None
    assert abs(own - before) < 50_000_000
