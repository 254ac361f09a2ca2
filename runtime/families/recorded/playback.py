"""A recording played back: what the device answers to what a driver does, and from where on.

The recording is followed, not obeyed. What a driver sends is looked up behind what it sent last
on that endpoint, then before it; who goes back, or leaves something out, is followed there. What
the device sent comes once the driver has sent what came before it, in packets, so that a driver
may ask for it in other portions than whoever was recorded.
Invariant: pure; what the recording does not hold is an error that names the nearest that it does.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from runtime.families.recorded.input import Packet, Settings, code_of, packets
from runtime.families.recorded.recording import GONE, Exchange
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest, TransferType, parse_setup

_SHOWN = 16  # bytes of data in an error


class Playback:
    """Where a conversation with a recorded device is.

    Args:
        exchanges: What was recorded.
        settings: Of all its interfaces.
    """

    def __init__(self, exchanges: Iterable[Exchange], settings: Settings) -> None:
        usable = sorted(
            (each for each in exchanges if each.status not in GONE), key=lambda each: each.began
        )
        self._sent: dict[int, list[Exchange]] = {}
        self._last: dict[int, Exchange] = {}  # of each IN endpoint
        for each in usable:
            if each.kind is TransferType.CONTROL or not each.is_input:
                self._sent.setdefault(each.endpoint, []).append(each)
            else:
                self._last[each.endpoint] = each
        self._packets = packets(usable, settings)
        self._place = -1
        self._next: dict[int, int] = {}  # of `_sent`
        self._waiting: dict[int, deque[Packet]] = {}
        self.rewind()

    def rewind(self) -> None:
        """Begin again."""
        self._jump(-1)

    def control(self, request: ControlRequest, data: bytes) -> bytes:
        """What a control transfer reads, empty for writes.

        Raises:
            ReturnError: The recording does not hold it (USB_PIPE_STALLED), or it failed there too.
        """
        reads = bool(request.request_type & 0x80)

        def fits(each: Exchange) -> bool:
            recorded = parse_setup(each.setup)
            if reads:
                whole = len(each.data) < recorded.length or request.length <= recorded.length
                return whole and _likeness(recorded, request) == 4
            return recorded == request and each.data == data

        found = self._find(0, fits, moves=not reads)
        if found is None:
            raise self._missing(_said(0, request, data), 0, request, data)
        _check(found)
        return found.data[: request.length] if reads else b""

    def send(self, endpoint: int, data: bytes) -> None:
        """Take what goes to an OUT endpoint.

        Raises:
            ReturnError: The recording does not hold it (NOT_FOUND), or it failed there too.
        """
        found = self._find(endpoint, lambda each: each.data == data, moves=True)
        if found is None:
            raise self._missing(_said(endpoint, None, data), endpoint, None, data)
        _check(found)

    def packet(self, endpoint: int) -> Packet | None:
        """The next packet of an IN endpoint, when it is time; it stays the next."""
        waiting = self._waiting[endpoint]
        return waiting[0] if waiting and waiting[0].after <= self._place else None

    def take(self, endpoint: int) -> None:
        """The next packet was delivered, or the host has given up waiting in silence."""
        self._waiting[endpoint].popleft()

    def is_last(self, endpoint: int) -> bool:
        """Whether nothing comes after the next packet."""
        return len(self._waiting[endpoint]) == 1

    def check_input(self, endpoint: int) -> None:
        """Whether an IN endpoint will ever have something, or was silent to the end.

        Raises:
            ReturnError: NOT_FOUND: nothing more was recorded of it.
        """
        last = self._last.get(endpoint)
        if not self._waiting[endpoint]:
            what = f"a read of endpoint {endpoint:#04x}"
            raise _not_held(what, last, IOReturn.NOT_FOUND)

    def _find(
        self, endpoint: int, fits: Callable[[Exchange], bool], *, moves: bool
    ) -> Exchange | None:
        row = self._sent.get(endpoint, [])
        at = self._next.get(endpoint, 0)
        order = [*range(at, len(row)), *range(at - 1, -1, -1)]
        index = next((each for each in order if fits(row[each])), None)
        if index is None:
            return None
        found: Exchange = row[index]
        left_out = any(each.moves for each in row[at:index])
        if moves and (index < at or (left_out and endpoint)):
            self._jump(found.began)
        self._next[endpoint] = max(index + 1, self._next.get(endpoint, 0))
        self._place = max(self._place, found.began)
        return found

    def _jump(self, place: int) -> None:
        """Go on from another place: what was sent later is heard again, and nothing earlier."""
        self._place = place
        self._next = {
            endpoint: sum(each.began < place for each in row)
            for endpoint, row in self._sent.items()
        }
        self._waiting = {
            endpoint: deque(packet for packet in row if packet.ended > place)
            for endpoint, row in self._packets.items()
        }

    def _missing(
        self, what: str, endpoint: int, request: ControlRequest | None, data: bytes
    ) -> ReturnError:
        def likeness(each: Exchange) -> tuple[int, int]:
            setup = 0 if request is None else _likeness(parse_setup(each.setup), request)
            return setup, _common(each.data, data)

        nearest = max(self._sent.get(endpoint, []), key=likeness, default=None)
        code = IOReturn.NOT_FOUND if endpoint else IOReturn.USB_PIPE_STALLED
        return _not_held(what, nearest, code)


def _likeness(one: ControlRequest, other: ControlRequest) -> int:
    """How many fields of two SETUP packets are equal, the length aside."""
    pairs = zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True)
    return sum(a == b for a, b in itertools.islice(pairs, 4))


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two beginnings have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _check(found: Exchange) -> None:
    code = code_of(found.status)
    if code != IOReturn.SUCCESS:
        raise ReturnError(code, f"recorded device: {_told(found)} failed when it was recorded")


def _not_held(what: str, nearest: Exchange | None, code: IOReturn) -> ReturnError:
    found = _told(nearest) if nearest is not None else "none on that endpoint"
    return ReturnError(
        code,
        f"recorded device: expected a transfer that was recorded, found {what}; nearest: {found}",
    )


def _told(each: Exchange) -> str:
    if each.kind is TransferType.CONTROL:
        return f"{_said(0, parse_setup(each.setup), each.data)} (place {each.began})"
    if each.is_input:
        return f"{len(each.data)} bytes from endpoint {each.endpoint:#04x} (place {each.began})"
    return f"{_said(each.endpoint, None, each.data)} (place {each.began})"


def _said(endpoint: int, request: ControlRequest | None, data: bytes) -> str:
    shown = data[:_SHOWN].hex() + ("…" if len(data) > _SHOWN else "")
    if request is None:
        return f"{len(data)} bytes to endpoint {endpoint:#04x} ({shown})"
    setup = (
        f"request {request.request:#04x} of type {request.request_type:#04x}, value "
        f"{request.value:#06x}, index {request.index:#06x}, length {request.length}"
    )
    return f"{setup} ({shown})" if data and not request.request_type & 0x80 else setup
