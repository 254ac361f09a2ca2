"""The control requests of one driver process: those under way, and their end.

Runs in the event loop of the device's broker.
Invariant: a request that was let through ends exactly once, at the latest with `abort`.
"""

import asyncio

from runtime.families.usb.provider import UsbDevice
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest


class ControlRequests:
    """Carries control requests out; what they may be is checked before."""

    def __init__(self, device: UsbDevice) -> None:
        self._device = device
        self._running: set[asyncio.Task[bytes]] = set()

    async def carry_out(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        """One request; what it read, empty for writes. ReturnError: it failed, or was aborted."""
        transfer = self._device.control(request, data, timeout_ms)
        task = asyncio.get_running_loop().create_task(transfer)
        self._running.add(task)
        task.add_done_callback(self._over)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        if task.cancelled():
            raise ReturnError(IOReturn.ABORTED)
        return task.result()

    def abort(self) -> None:
        """End what is under way with ABORTED."""
        for task in tuple(self._running):
            task.cancel()

    def _over(self, task: asyncio.Task[bytes]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may be gone: nobody else will look
