"""What a recorded device sent, as the packets in which it comes to whoever reads.

Invariant: pure; nothing comes before what the host had sent when it came.
"""

import bisect
import errno
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from runtime.families.recorded.recording import Exchange
from runtime.model.kern_return import IOReturn
from runtime.model.usb import TransferType, parse_setup

_SET_INTERFACE = bytes.fromhex("010b")
_SHORT = 121  # EREMOTEIO: less than was asked for, which is no error of the device
_CODES = {
    0: IOReturn.SUCCESS,
    _SHORT: IOReturn.SUCCESS,
    errno.EPIPE: IOReturn.USB_PIPE_STALLED,
    errno.EOVERFLOW: IOReturn.OVERRUN,
}

Settings = Mapping[tuple[int, int], Mapping[int, int]]
"""The largest packet of each IN endpoint, by address, of every interface and alternate setting."""


class Packet(msgspec.Struct, frozen=True):
    """What an IN endpoint has for the host: data, or the code of an error.

    It comes once the place `after` of the recording is reached; `ended` is its own. One that is
    `silence` has nothing until the host gives up. Behind one that is `short`, the device's
    transfer ends.
    """

    data: bytes
    code: int
    after: int
    ended: int
    silence: bool = False
    short: bool = False


def packets(exchanges: Iterable[Exchange], settings: Settings) -> dict[int, list[Packet]]:
    """The packets of each IN endpoint by its address, from exchanges in the order they began."""
    every = list(exchanges)
    sizes: dict[int, int] = {}
    for setting in sorted(settings, reverse=True):  # at first, the lowest are chosen
        sizes |= settings[setting]
    found: dict[int, list[Packet]] = {address: [] for address in sizes}
    needed = [each.began for each in every if each.moves]
    for each in sorted(every, key=lambda each: each.ended):
        if (selected := _selected(each)) is not None:
            sizes |= settings.get(selected, {})
        if each.endpoint in sizes:
            before = bisect.bisect_left(needed, each.ended)
            after = needed[before - 1] if before else -1
            found[each.endpoint] += _packets(each, sizes[each.endpoint], after)
    return found


def code_of(status: int) -> IOReturn:
    """A recorded errno as a kern_return_t."""
    return _CODES.get(status, IOReturn.NOT_RESPONDING)


def _selected(each: Exchange) -> tuple[int, int] | None:
    """The interface and the alternate setting that a request chose."""
    if each.setup[:2] != _SET_INTERFACE or each.status:
        return None
    setup = parse_setup(each.setup)
    return setup.index, setup.value


def _packets(each: Exchange, size: int, after: int) -> list[Packet]:
    if each.kind is TransferType.ISOCHRONOUS:
        return list(_frames(each, after))
    if each.is_silence:
        return [Packet(b"", IOReturn.ABORTED, after, each.ended, silence=True)]
    parts = [each.data[at : at + size] for at in range(0, len(each.data), max(size, 1))]
    last = len(parts) - 1 if each.length < 0 else -1  # the device's transfer ends there anyway
    found = [
        Packet(part, IOReturn.SUCCESS, after, each.ended, short=len(part) < size or number == last)
        for number, part in enumerate(parts)
    ]
    code = code_of(each.status)
    if code != IOReturn.SUCCESS and not each.data:
        return [Packet(b"", code, after, each.ended)]
    short = len(each.data) < each.length and len(each.data) % max(size, 1) == 0
    empty = Packet(b"", IOReturn.SUCCESS, after, each.ended, short=True)
    return [*found, empty] if short else found


def _frames(each: Exchange, after: int) -> Iterator[Packet]:
    at = 0
    for frame in each.frames:
        code = code_of(frame.status)
        yield Packet(each.data[at : at + frame.count], code, after, each.ended)
        at += frame.count
