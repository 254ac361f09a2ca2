"""The standby: made in advance, handed out once, replaced, and never left behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.linux import memory
from runtime.linux.scheduling import may_go_first
from runtime.supervisor import refill
from runtime.supervisor import zygote as mother
from runtime.supervisor.groups import NO_GROUPS
from runtime.supervisor.launcher import Launcher
from runtime.supervisor.pace import Pace
from runtime.supervisor.standby import Standby
from runtime.supervisor.zygote import Zygote

SECONDS = 20.0


@asynccontextmanager
async def launching() -> AsyncIterator[Launcher]:
    """A launcher with a real zygote; both ended afterwards."""
    notes: list[str] = []
    zygote = Zygote(notes.append)
    launcher = Launcher(zygote, NO_GROUPS, Pace())
    try:
        await end(await launcher.create("first", dumpable=False))  # the zygote is up
        yield launcher
    finally:
        await launcher.close()
        await zygote.close()


async def end(standby: Standby) -> None:
    """Kill and reap a process that was handed out."""
    standby.kill()
    await standby.over.wait()


def standbys() -> list[int]:
    """Pids of this process's children that are called standby."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in map(int, children) if comm(pid) == "standby"]


def comm(pid: int) -> str:
    """What ps calls a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


async def until(check: Callable[[], object]) -> None:
    """Wait until a check holds."""
    async with asyncio.timeout(SECONDS):
        while not check():  # noqa: ASYNC110 - what is waited for is the kernel's, it has no event
            await asyncio.sleep(0.01)


async def taken(launcher: Launcher, *, dumpable: bool = False) -> Standby:
    """Ask until a standby is handed out."""
    found: list[Standby] = []

    def ask() -> bool:
        standby = launcher.take(dumpable=dumpable)
        found.extend([] if standby is None else [standby])
        return bool(found)

    assert not ask(), "expected none before the first was asked for"
    await until(standbys)
    await until(ask)
    return found[0]


def test_it_is_handed_out_once_and_replaced() -> None:
    async def run() -> None:
        async with launching() as launcher:
            one = await taken(launcher)
            assert launcher.take(dumpable=False) is None
            await until(lambda: len(standbys()) == 2)
            await end(one)

    asyncio.run(run())


def test_one_that_was_killed_is_reaped_and_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refill, "RETRY_SECONDS", 0.0)

    async def run() -> None:
        async with launching() as launcher:
            launcher.take(dumpable=False)
            await until(standbys)
            (pid,) = standbys()
            os.kill(pid, signal.SIGKILL)
            await until(lambda: standbys() and standbys() != [pid])
            assert not comm(pid)

    asyncio.run(run())


def test_one_that_debuggers_may_enter_is_not_for_other_drivers() -> None:
    async def run() -> None:
        async with launching() as launcher:
            launcher.take(dumpable=True)
            await until(standbys)
            (pid,) = standbys()
            await end(await taken_other_than(launcher, pid))

    asyncio.run(run())


async def taken_other_than(launcher: Launcher, pid: int) -> Standby:
    """Ask for a plain process until there is one; it must not be `pid`."""
    found: list[Standby] = []

    def ask() -> bool:
        standby = launcher.take(dumpable=False)
        found.extend([] if standby is None else [standby])
        return bool(found)

    await asyncio.sleep(0)
    await until(ask)
    assert found[0].process.pid != pid
    return found[0]


def test_none_is_made_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: refill.SPARE_BYTES)
    monkeypatch.setattr(refill, "REFILL_SECONDS", 0.0)

    async def run() -> None:
        async with launching() as launcher:
            assert launcher.take(dumpable=False) is None
            second = await launcher.create("second", dumpable=False)
            await end(second)  # the loop has turned meanwhile
            assert not standbys()

    asyncio.run(run())


def test_a_zygote_that_says_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who waits for it gets a process of the next one."""

    async def run() -> None:
        notes: list[str] = []
        zygote = Zygote(notes.append)
        launcher = Launcher(zygote, NO_GROUPS, Pace())
        try:
            await end(await launcher.create("first", dumpable=False))
            silent = zygote.pid
            os.kill(silent, signal.SIGSTOP)
            monkeypatch.setattr(mother, "SPAWN_SECONDS", 0.2)
            asked = [launcher.create(name, dumpable=False) for name in ("second", "third")]
            second, third = await asyncio.gather(*asked)
            assert zygote.pid not in (0, silent)
            assert second.process.pid != third.process.pid
            assert len(notes) == 1
            assert f"zygote (pid {silent}) said nothing" in notes[0]
            await end(second)
            await end(third)
            await until(lambda: not comm(silent))
        finally:
            await launcher.close()
            await zygote.close()

    asyncio.run(run())


def test_only_one_that_a_driver_has_goes_before_others() -> None:
    async def run() -> None:
        async with launching() as launcher:
            standby = await taken(launcher)
            pid = standby.process.pid
            assert os.sched_getscheduler(pid) == os.SCHED_OTHER
            launcher.elevate(standby)
            expected = os.SCHED_RR if may_go_first() else os.SCHED_OTHER
            assert os.sched_getscheduler(pid) == expected
            assert standby.elevated is (expected == os.SCHED_RR)
            await end(standby)

    asyncio.run(run())
