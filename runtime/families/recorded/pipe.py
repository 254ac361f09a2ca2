"""One endpoint of a recorded device: a queue of transfers, served as the recording says.

It waits for nobody: what was recorded a second later comes at once, on an interrupt endpoint after
its interval or `LONGEST_PAUSE`. Only where the host gave up waiting it is silent again, until a
driver gives up too or `SILENCE_SECONDS` have passed.
Invariant: every transfer finishes exactly once, in the order in which it was queued.
"""

import asyncio
from collections import deque

from runtime.families.recorded.playback import Playback
from runtime.families.usb.provider import Transfer
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import EndpointDescriptor, IsochronousFrame, Speed, TransferType

SILENCE_SECONDS = 1.0
LONGEST_PAUSE = 0.01  # seconds: long enough for a driver to see that a packet was not there


class RecordedPipe:
    """One endpoint for one opener; runs in the event loop and never blocks.

    `speed` is the device's; `waiting` are its pipes with queued transfers.
    """

    def __init__(
        self,
        endpoint: EndpointDescriptor,
        speed: Speed,
        playback: Playback,
        waiting: set["RecordedPipe"],
    ) -> None:
        self.endpoint = endpoint
        self._pause = _interval(endpoint, speed)
        self._playback = playback
        self._waiting = waiting
        self._queue: deque[Transfer] = deque()
        self._read = bytearray()  # of the first in the queue
        self._served: asyncio.TimerHandle | None = None
        self._silent: asyncio.TimerHandle | None = None

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer; a timeout of 0 means none.

        Raises:
            ReturnError: The recording does not hold it.
        """
        if not self.endpoint.is_input:
            self._playback.send(self.endpoint.address, transfer.data)
        elif not self._queue:
            self._playback.check_input(self.endpoint.address)
        if timeout_ms:
            loop = asyncio.get_running_loop()
            transfer.timeout = loop.call_later(timeout_ms / 1000, self._expire, transfer)
        self._queue.append(transfer)
        self._waiting.add(self)
        for pipe in tuple(self._waiting):
            pipe.serve_soon()

    def abort(self) -> None:
        """End every queued transfer with ABORTED."""
        if self._queue:
            self._give_up()
        while self._queue:
            self._finish(IOReturn.ABORTED)

    def clear_stall(self) -> None:
        """Nothing to clear: a recorded stall is over when it was told."""

    def serve_soon(self) -> None:
        """Look again at what waits, once whoever calls has come to an end."""
        if self._served is None and self._queue:
            pause = min(self._pause * max(1, len(self._queue[0].frames)), LONGEST_PAUSE)
            self._served = asyncio.get_running_loop().call_later(pause, self._serve)

    def _serve(self) -> None:
        self._served = None
        while self._queue:
            if self._queue[0].frames:
                self._move_frames()
            elif not self.endpoint.is_input:
                self._finish(IOReturn.SUCCESS)
            elif not self._fill(self._queue[0]):
                break
            if self._pause:
                self.serve_soon()
                break

    def _fill(self, transfer: Transfer) -> bool:
        """Give a read what is there; whether it has ended."""
        address = self.endpoint.address
        while (packet := self._playback.packet(address)) is not None:
            if packet.silence:
                self._be_silent()
                return False
            self._playback.take(address)
            if packet.code != IOReturn.SUCCESS:
                self._finish(packet.code)
                return True
            self._read += packet.data[: transfer.length - len(self._read)]
            if packet.short or len(self._read) == transfer.length:
                self._finish(IOReturn.SUCCESS)
                return True
        return self._ended_without(address)

    def _move_frames(self) -> None:
        """Each frame carries what was recorded of the next one, which may be nothing."""
        if self.endpoint.is_input and self._ended_without(self.endpoint.address):
            return
        transfer = self._queue.popleft()
        if not self._queue:
            self._waiting.discard(self)
        if not self.endpoint.is_input:
            sent = tuple(IsochronousFrame(IOReturn.SUCCESS, each) for each in transfer.frames)
            transfer.finish(IOReturn.SUCCESS, len(transfer.data), b"", sent)
            return
        frames, data = [], bytearray()
        for length in transfer.frames:
            packet = self._playback.packet(self.endpoint.address)
            if packet is not None:
                self._playback.take(self.endpoint.address)
            part = packet.data[:length] if packet is not None else b""
            code = packet.code if packet is not None else IOReturn.SUCCESS
            frames.append(IsochronousFrame(code, len(part)))
            data += part.ljust(length, b"\0")
        count = sum(frame.count for frame in frames)
        transfer.finish(IOReturn.SUCCESS, count, bytes(data), tuple(frames))

    def _ended_without(self, address: int) -> bool:
        try:
            self._playback.check_input(address)
        except ReturnError as error:
            print(error)  # noqa: T201 - goes to the runtime, which journals it
            self._finish(error.code)
            return True
        return False

    def _be_silent(self) -> None:
        """Have nothing for a while; at the end of the recording, for ever."""
        if self._silent is None and not self._playback.is_last(self.endpoint.address):
            loop = asyncio.get_running_loop()
            self._silent = loop.call_later(SILENCE_SECONDS, self._give_up)

    def _give_up(self) -> None:
        """The silence that a read waits in is over, unless it is the last."""
        address = self.endpoint.address
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None
        packet = self._playback.packet(address) if self.endpoint.is_input else None
        if packet is not None and packet.silence and not self._playback.is_last(address):
            self._playback.take(address)
        self.serve_soon()

    def _finish(self, code: int) -> None:
        """End the first of the queue."""
        transfer, read = self._queue.popleft(), bytes(self._read)
        self._read.clear()
        if not self._queue:
            self._waiting.discard(self)
        moved = len(read) if self.endpoint.is_input else len(transfer.data)
        if code != IOReturn.SUCCESS:
            transfer.finish(code)
        else:
            transfer.finish(code, moved, read)

    def _expire(self, transfer: Transfer) -> None:
        if transfer is self._queue[0]:
            self._give_up()
            self._finish(IOReturn.USB_TRANSACTION_TIMEOUT)
        else:
            self._queue.remove(transfer)
            transfer.finish(IOReturn.USB_TRANSACTION_TIMEOUT)


def _interval(endpoint: EndpointDescriptor, speed: Speed) -> float:
    """Seconds from a packet to the next of an endpoint that is isochronous, or interrupt and read.

    0 for every other.
    Source: USB 2.0 table 9-13: frames of a millisecond or microframes, their number or a power of
    two of them.
    """
    kind, slow = endpoint.transfer_type, speed in (Speed.LOW, Speed.FULL)
    power: int = 1 << min(max(endpoint.interval, 1), 16) - 1
    if kind is TransferType.ISOCHRONOUS:
        return power / (1000 if slow else 8000)
    if kind is not TransferType.INTERRUPT or not endpoint.is_input:
        return 0.0
    return endpoint.interval / 1000 if slow else power / 8000
