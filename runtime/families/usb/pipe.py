"""One endpoint of a real device: transfers are URBs, and the kernel keeps their order.

Runs in the event loop of the device's broker.
Invariant: every transfer that was queued finishes exactly once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from runtime.families.usb.provider import Transfer
from runtime.linux.usbfs import Reaped, UrbType
from runtime.linux.usbfs_status import status_of
from runtime.model.kern_return import IOReturn
from runtime.model.usb import EndpointDescriptor, IsochronousFrame, TransferType

_KINDS = {
    TransferType.CONTROL: UrbType.CONTROL,
    TransferType.ISOCHRONOUS: UrbType.ISOCHRONOUS,
    TransferType.BULK: UrbType.BULK,
    TransferType.INTERRUPT: UrbType.INTERRUPT,
}


class Urbs(Protocol):
    """The device, as its pipes use it."""

    def submit(
        self,
        kind: UrbType,
        address: int,
        memory: bytearray | memoryview,
        end: Callable[[Reaped], None],
        packets: Sequence[int] = (),
    ) -> int:
        """Queue a URB; `end` is called exactly once. ReturnError."""

    def discard(self, urb: int) -> None:
        """End a URB now: its `end` has been called when this returns."""

    def clear_halt(self, address: int) -> None:
        """Clear an endpoint's halt; ReturnError."""


class UsbfsPipe:
    """A `runtime.families.usb.provider.UsbPipe` on URBs."""

    def __init__(self, device: Urbs, endpoint: EndpointDescriptor) -> None:
        self.endpoint = endpoint
        self._kind = _KINDS[endpoint.transfer_type]
        self._reads = endpoint.is_input
        self._device = device
        self._urbs: dict[int, Transfer] = {}
        self._late: set[int] = set()
        self._aborted: dict[int, Reaped] | None = None

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer; a timeout of 0 means none."""
        memory = self._memory(transfer)
        address = self.endpoint.address
        urb = self._device.submit(self._kind, address, memory, self._ended, transfer.frames)
        self._urbs[urb] = transfer
        if timeout_ms:
            loop = asyncio.get_running_loop()
            transfer.timeout = loop.call_later(timeout_ms / 1000, self._expire, urb)

    def _memory(self, transfer: Transfer) -> bytearray | memoryview:
        if transfer.memory is not None:
            return transfer.memory
        return bytearray(transfer.length if self._reads else transfer.data)

    def abort(self) -> None:
        """End every queued transfer with ABORTED, in the order in which they were queued."""
        urbs = tuple(self._urbs)
        aborted: dict[int, Reaped] = {}
        self._aborted = aborted
        for urb in reversed(urbs):  # so that none moves up and begins meanwhile
            self._device.discard(urb)
        self._aborted = None
        for urb in urbs:
            if urb in aborted:
                self._ended(aborted[urb])

    def clear_stall(self) -> None:
        """Clear the endpoint's halt."""
        self._device.clear_halt(self.endpoint.address)

    def _expire(self, urb: int) -> None:
        self._late.add(urb)
        self._device.discard(urb)

    def _ended(self, reaped: Reaped) -> None:
        if self._aborted is not None:
            self._aborted[reaped.urb] = reaped
            return
        transfer = self._urbs.pop(reaped.urb)
        status = status_of(reaped.status)
        if reaped.urb in self._late:
            self._late.discard(reaped.urb)
            if status == IOReturn.ABORTED:
                status = IOReturn.USB_TRANSACTION_TIMEOUT
        if reaped.packets:
            self._finish_frames(transfer, status, reaped)
            return
        inside = self._reads and transfer.memory is None
        data = bytes(memoryview(reaped.memory)[: reaped.count]) if inside else b""
        transfer.finish(status, reaped.count, data)

    def _finish_frames(self, transfer: Transfer, status: int, reaped: Reaped) -> None:
        frames = tuple(IsochronousFrame(status_of(code), count) for code, count in reaped.packets)
        data = bytes(reaped.memory) if self._reads else b""
        transfer.finish(status, sum(frame.count for frame in frames), data, frames)
