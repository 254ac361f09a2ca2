"""Interrupts of a device: who has one, and what UIO's node says and is told."""

import asyncio
import os
import socket
import struct

import pytest

from runtime.families.interrupts.session import InterruptSession, ServedInterrupts
from runtime.families.interrupts.uio import UioDevice
from runtime.families.provider import Lent
from runtime.families.simulated.ticker import Ticker
from runtime.linux.sockets import seqpacket_pair
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import interrupt, methods


def a_session(served: ServedInterrupts) -> InterruptSession:
    return served.session(0, lambda _action, _completion: None)


async def registered(session: InterruptSession, index: int) -> tuple[int, int]:
    lent = await session.call(0, interrupt.RegisterInterrupt(index))
    assert isinstance(lent, Lent)
    assert isinstance(lent.result, int)
    return lent.result, lent.descriptor


async def count(told: int) -> int:
    """What an eventfd has, as soon as it has something."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(told, came.set)
    async with asyncio.timeout(10):
        await came.wait()
    loop.remove_reader(told)
    return os.eventfd_read(told)


def test_an_interrupt_has_one_holder() -> None:
    async def inner() -> None:
        served = ServedInterrupts(Ticker())
        first, second = a_session(served), a_session(served)
        kind, told = await registered(first, 1)
        assert kind == interrupt.LEVEL
        for code, session, method in (
            (IOReturn.EXCLUSIVE_ACCESS, second, interrupt.RegisterInterrupt(1)),
            (IOReturn.NOT_OPEN, second, interrupt.EnableInterrupt(1, enable=True)),
            (IOReturn.NO_INTERRUPT, second, interrupt.GetInterruptType(2)),
            (IOReturn.UNSUPPORTED, second, methods.InterfaceOpen()),
        ):
            with pytest.raises(ReturnError) as refused:
                await session.call(0, method)
            assert refused.value.code == code
        await first.call(0, interrupt.EnableInterrupt(1, enable=True))
        assert await count(told) == 1
        first.close()
        _, other = await registered(second, 1)
        second.unplug()
        with pytest.raises(ReturnError) as gone:
            await second.call(0, interrupt.RegisterInterrupt(1))
        assert gone.value.code == IOReturn.NO_DEVICE
        served.close()
        os.close(told)
        os.close(other)

    asyncio.run(inner())


def test_uio_counts_what_it_missed_and_is_enabled_again() -> None:
    async def inner() -> None:
        kernel, node = seqpacket_pair()
        kernel.settimeout(10)
        served = ServedInterrupts(UioDevice(node.detach()))
        session = a_session(served)
        _, told = await registered(session, 0)
        await session.call(0, interrupt.EnableInterrupt(0, enable=True))
        assert kernel.recv(8) == struct.pack("=i", 1)
        for total, new in ((41, 1), (44, 3), (-(1 << 31), (1 << 31) - 44)):
            kernel.send(struct.pack("=i", total))
            assert await count(told) == new
        kernel.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0)
        await session.call(0, interrupt.UnregisterInterrupt(0))
        assert kernel.recv(8) == struct.pack("=i", 0)
        served.close()
        kernel.close()
        os.close(told)

    asyncio.run(inner())
