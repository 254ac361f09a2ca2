"""A driver that is restarted again and again costs the runtime, its zygote and its broker nothing.

The long form: `scripts/test tests/integration/line/test_restart_leaks.py --rounds 3000`.
"""

from collections.abc import Callable
from pathlib import Path

from runtime.wire.commands.devices import Plug

from .conftest import CHILDREN, SPARE_WORKER, RuntimeProcess, kill, wait_for

WARM_UP = 20  # restarts until every list that is bounded early is full
ROUNDS = 60
LOGS_BYTES = 8 << 20  # of bounded logs and journals, over any number of restarts
REST_BYTES = 1 << 20  # of processes that have none


def test_restarts_leave_no_descriptor_process_or_memory_behind(
    running: RuntimeProcess, rounds: int | None, measured: Callable[[str], None]
) -> None:
    running.stop()
    running.start("--restart-at-once")
    running.call(Plug("sample"))
    wait_for(lambda: len(running.records().drivers) == 1, "the driver")
    pid = _restart(running, 0, WARM_UP)
    assert running.process is not None
    wait_for(lambda: _all_there(running), "everything that waits to have come")
    zygote, broker = running.child("zygote"), running.child("broker of")
    runtime = running.process.pid
    before = {each: _resident(each) for each in (runtime, zygote, broker)}
    open_files = {each: _settled(each) for each in before}
    count = rounds or ROUNDS
    _restart(running, pid, count)
    wait_for(lambda: _all_there(running), "as many children as before")
    wait_for(
        lambda: all(_open_files(each) <= open_files[each] for each in before),
        "the runtime, its zygote and its broker to have no more open files than before",
    )
    grown = {each: _resident(each) - resident for each, resident in before.items()}
    measured(
        f"{count} restarts: runtime {grown[runtime] >> 10:+} KiB, "
        f"zygote {grown[zygote] >> 10:+} KiB, broker {grown[broker] >> 10:+} KiB"
    )
    assert grown[runtime] < LOGS_BYTES, grown
    assert max(grown[zygote], grown[broker]) < REST_BYTES, grown


def _restart(runtime: RuntimeProcess, pid: int, count: int) -> int:
    """Kill the driver so often; the last one's pid."""
    for _ in range(count):
        pid = runtime.driver_when(lambda d: d.state.value == "running" and d.pid != pid, "it").pid  # noqa: B023 - waited for within the turn
        kill(pid)
    return pid


def _all_there(runtime: RuntimeProcess) -> bool:
    """Whether its driver runs, and zygote, broker, standby and what waits for work are there."""
    waiting = runtime.children(SPARE_WORKER) and runtime.children("spare broker")
    running = runtime.driver().state.value == "running"
    return bool(waiting) and running and len(runtime.children()) == CHILDREN


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _settled(pid: int) -> int:
    """How many descriptors a process has when it has had time to close what it will."""
    counts: list[int] = []

    def steady() -> bool:
        counts.append(_open_files(pid))
        return len(counts) > 20 and len(set(counts[-20:])) == 1

    wait_for(steady, f"process {pid} to rest")
    return counts[-1]


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmRSS"].split()[0]) << 10
