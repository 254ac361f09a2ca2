"""What a driver may do when its interface is the device's only one, and not when it is not."""

import asyncio
import os
import socket
from collections.abc import Callable

import pytest

from runtime.families.provider import Lent
from runtime.families.simulated import models
from runtime.families.simulated.device import SimulatedDevice
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.served import ServedUsbDevice
from runtime.linux import sockets
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


class Lender:
    """Lends whatever it is asked to."""

    def __init__(self) -> None:
        self.lent: list[int] = []

    def lend(self, number: int, _node: int) -> None:
        self.lent.append(number)


@pytest.mark.parametrize(("model", "lends"), [(models.sample, True), (models.loopback, False)])
def test_only_an_only_interface_is_lent(
    model: Callable[[], SimulatedDevice], *, lends: bool
) -> None:
    async def inner() -> None:
        lender, (ours, theirs) = Lender(), socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        session = ServedUsbDevice(model(), lender).session(0, lambda *_: None, ours)
        with theirs:
            null = os.open(os.devnull, os.O_RDONLY)
            sockets.send_packet(theirs, b"node", [null])
            os.close(null)
            with pytest.raises(ReturnError):
                await session.call(0, usb.OpenDirect())
            await session.call(0, methods.InterfaceOpen())
            found = await session.call(0, usb.OpenDirect())
            assert isinstance(found, Lent) is lends
            assert lender.lent == ([0] if lends else [])
            if isinstance(found, Lent):
                os.close(found.descriptor)
            assert await session.call(0, usb.OpenDirect()) is False, "once"
            session.close()

    asyncio.run(inner())
