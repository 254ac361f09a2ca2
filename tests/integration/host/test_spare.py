"""The spare process of brokers: made in advance, becomes one, replaced, and never left behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from runtime.linux import memory, sockets
from runtime.linux.scheduling import may_go_first
from runtime.linux.spawn import wait_exit
from runtime.model.outcome import Exit, ExitHow
from runtime.supervisor import refill
from runtime.supervisor.pace import Pace
from runtime.supervisor.spare import Spare
from runtime.supervisor.zygote import Zygote
from runtime.wire import broker as wire
from runtime.wire import codec
from runtime.wire.zygote import Role, Spawn

from .test_standby import comm, until

REQUEST = Spawn(
    0, "broker", 65290, dumpable=False, memory_bytes=1 << 30, open_files=64, role=Role.BROKER
)

_decode: codec.Decoder[wire.FromBroker] = codec.Decoder(wire.FromBroker, "packet of a broker")


@dataclass
class Broker:
    """A broker that was made, served and dismissed."""

    pid: int
    applied: tuple[str, ...]
    policy: int
    exit: Exit | None


async def serve(spare: Spare) -> Broker:
    """Have a process become a broker; read what it says first, dismiss it and reap it."""
    loop = asyncio.get_running_loop()
    ours, theirs = sockets.seqpacket_pair()
    with ours:
        with theirs:
            child = await spare.spawn(REQUEST, (theirs.fileno(), 2))
        packet, _ = await loop.run_in_executor(None, sockets.receive_packet, ours)
        message = _decode(packet)
        assert isinstance(message, wire.Ready)
        policy = os.sched_getscheduler(child.pid)
        assert child.elevated is (policy == os.SCHED_RR)
    ended: list[Exit | None] = [None]

    def has_ended() -> bool:
        ended[0] = wait_exit(child.pidfd)
        return ended[0] is not None

    await until(has_ended)
    os.close(child.pidfd)
    return Broker(child.pid, message.applied, policy, ended[0])


@asynccontextmanager
async def spares() -> AsyncIterator[Spare]:
    """A spare process of a real zygote, that waits; all ended afterwards."""
    notes: list[str] = []
    zygote = Zygote(notes.append)
    pace = Pace()
    spare = Spare(zygote, pace)
    try:
        yield spare
    finally:
        await spare.close()
        pace.close()
        assert not comm(spare.pid)
        await zygote.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refill, "REFILL_SECONDS", 0.0)
    monkeypatch.setattr(refill, "RETRY_SECONDS", 0.0)


def test_it_becomes_what_a_new_process_becomes() -> None:
    expected = os.SCHED_RR if may_go_first() else os.SCHED_OTHER

    async def run() -> None:
        async with spares() as spare:
            new = await serve(spare)
            await until(lambda: spare.pid)
            waiting = spare.pid
            await until(lambda: comm(waiting) == "spare broker")
            assert waiting != new.pid
            assert os.sched_getscheduler(waiting) == os.SCHED_OTHER
            taken = await serve(spare)
            assert taken.pid == waiting
            assert taken.applied == new.applied
            assert taken.policy == new.policy == expected
            assert taken.exit == new.exit == Exit(ExitHow.CODE, 0)
            await until(lambda: spare.pid not in (0, waiting))

    asyncio.run(run())


def test_one_that_was_killed_is_replaced() -> None:
    async def run() -> None:
        async with spares() as spare:
            await serve(spare)
            await until(lambda: spare.pid)
            killed = spare.pid
            os.kill(killed, signal.SIGKILL)
            await until(lambda: spare.pid not in (0, killed))
            assert (await serve(spare)).pid != killed

    asyncio.run(run())


def test_none_waits_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: refill.SPARE_BYTES)

    async def run() -> None:
        async with spares() as spare:
            await serve(spare)
            assert (await serve(spare)).exit == Exit(ExitHow.CODE, 0)
            assert spare.pid == 0

    asyncio.run(run())
