"""What a driver begins at its provider without waiting: only its end comes back."""

import asyncio

import pytest

from runtime.broker.link import DriverLink
from runtime.families.simulated import models
from runtime.families.usb.interface import InterfaceSession
from runtime.linux.sockets import receive_packet, send_packet, seqpacket_pair
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, driver, methods

_decode: codec.Decoder[driver.FromProvider] = codec.Decoder(driver.FromProvider, "packet")
ACTION = 5


async def _heard(*begun: driver.Begin) -> list[driver.FromProvider]:
    """What a driver hears to the end, with a call behind what it begins; handle 1 is a pipe's."""
    ours, theirs = seqpacket_pair()
    breaches: list[str] = []
    link = DriverLink(ours, breaches.append)
    session = InterfaceSession(models.sample(), 0, set(), link.complete)
    await session.call(0, methods.InterfaceOpen())
    assert await session.call(0, methods.CopyPipe(models.INTERRUPT_IN)) == 1
    link.serve(session)
    heard: list[driver.FromProvider] = []
    theirs.settimeout(10)
    with theirs:
        for each in (*begun, driver.Call(1, 0, methods.GetInterfaceDescriptor())):
            send_packet(theirs, codec.encode(each))
        while not any(isinstance(each, driver.Reply) for each in heard):
            packet, _ = await asyncio.to_thread(receive_packet, theirs)
            heard.append(_decode(packet))
        link.close()
        while packet := receive_packet(theirs)[0]:
            heard.append(_decode(packet))
    assert not breaches
    return heard


def _ends(heard: list[driver.FromProvider]) -> list[tuple[int, int]]:
    """Actions and statuses; all else is the one reply."""
    found = [each for each in heard if isinstance(each, driver.Complete)]
    assert len(found) == len(heard) - 1
    ends = [(each.action, each.completion) for each in found]
    return [(at, end.status) for at, end in ends if isinstance(end, methods.CompleteAsyncIO)]


def test_what_is_begun_is_not_answered_and_ends_once() -> None:
    begun = driver.Begin(1, methods.AsyncIO(ACTION, 8))
    heard = asyncio.run(_heard(begun))
    assert isinstance(heard[0], driver.Reply)
    assert _ends(heard) == [(ACTION, IOReturn.ABORTED)], "with the link"


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (driver.Begin(1, methods.AsyncIO(ACTION, 1 << 20)), IOReturn.BAD_ARGUMENT),
        (driver.Begin(2, methods.AsyncIO(ACTION, 8)), IOReturn.NOT_FOUND),
        (driver.Begin(0, methods.AsyncIO(ACTION, 8)), IOReturn.UNSUPPORTED),
    ],
)
def test_what_is_refused_ends_with_its_error(begun: driver.Begin, status: IOReturn) -> None:
    assert _ends(asyncio.run(_heard(begun, begun))) == [(ACTION, status)] * 2
