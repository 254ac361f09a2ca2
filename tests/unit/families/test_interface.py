"""What a driver may do to a whole device when its interface is the only one."""

import asyncio

import pytest

from runtime.families.simulated import models
from runtime.families.usb.interface import InterfaceSession
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import methods, usb


def test_reset_and_configuration_of_an_only_interface() -> None:
    async def inner() -> None:
        device = models.sample()
        openers: set[int] = set()
        ended: list[int] = []
        session = InterfaceSession(device, 0, openers, lambda _, end: ended.append(end.status))
        await session.call(0, methods.InterfaceOpen())
        pipe = await session.call(0, methods.CopyPipe(models.INTERRUPT_IN))
        assert isinstance(pipe, int)
        await session.call(pipe, methods.AsyncIO(1, 8))
        await session.call(0, usb.Reset())
        assert ended == [IOReturn.ABORTED], "its pipes are closed"
        await session.call(0, usb.SetConfiguration(1))
        assert not openers, "its interface is no more"
        with pytest.raises(ReturnError) as closed:
            await session.call(0, usb.Reset())
        assert closed.value.code == IOReturn.NOT_OPEN
        await session.call(0, methods.InterfaceOpen())
        with pytest.raises(ReturnError) as missing:
            await session.call(0, usb.SetConfiguration(9))
        assert missing.value.code == IOReturn.NOT_FOUND

    asyncio.run(inner())
