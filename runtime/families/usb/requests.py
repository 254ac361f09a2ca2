"""What one driver process asks of a whole USB device: control requests, and what the device is.

Runs in the event loop of the device's broker; which requests it may send is its session's to say.
Invariant: a request that was let through ends exactly once, at the latest with `abort`.
"""

import asyncio
import time
from collections.abc import Callable

from runtime.families.provider import Complete
from runtime.families.usb.provider import UsbDevice
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest
from runtime.wire import limits, methods, usb

_GET_DESCRIPTOR = 6
_DESCRIPTOR_MS = 5000  # as the kernel gives a device for one

_Request = methods.DeviceRequest | usb.AsyncDeviceRequest


class DeviceRequests:
    """One driver process at endpoint 0 of a device.

    Args:
        device: What moves the bytes.
        complete: Where completions go.
        count: Told of one more (1) or one fewer (-1) under way; ReturnError: there are too many.
        check: Lets a request through; ReturnError: the driver may not send it.
    """

    def __init__(
        self,
        device: UsbDevice,
        complete: Complete,
        count: Callable[[int], None],
        check: Callable[[ControlRequest], None],
    ) -> None:
        self._device = device
        self._complete = complete
        self._count = count
        self._check = check
        self._running: set[asyncio.Task[bytes]] = set()
        self._actions: dict[asyncio.Task[None], int] = {}  # of asynchronous requests

    async def call(self, method: methods.Method) -> object:
        """Carry out a method of a device's that needs nothing open, or a control request.

        ReturnError when it fails, or is none of these.
        """
        result: object = None
        match method:
            case methods.DeviceRequest():
                result = await self._send(method)
            case usb.AsyncDeviceRequest():
                task = asyncio.get_running_loop().create_task(self._run(method))
                self._actions[task] = method.action
            case usb.AbortDeviceRequests():
                self.abort()
            case methods.CopyDeviceDescriptor():
                result = self._device.descriptor
            case methods.CopyConfigurationDescriptor():
                result = self._device.configuration
            case usb.CopyDescriptor(kind=kind, index=index, language=language, length=length):
                value = (kind & 0xFF) << 8 | index & 0xFF
                request = ControlRequest(0x80, _GET_DESCRIPTOR, value, language & 0xFFFF, length)
                result = await self._carry_out(request, b"", _DESCRIPTOR_MS)
            case usb.GetAddress():
                result = self._device.address
            case usb.GetSpeed():
                result = int(self._device.speed)
            case _:
                text = f"{type(method).__name__} is no method of this USB object"
                raise ReturnError(IOReturn.UNSUPPORTED, text)
        return result

    def abort(self) -> None:
        """End what is under way with ABORTED."""
        actions, self._actions = self._actions, {}
        for task, action in actions.items():
            task.cancel()
            self._end(action, IOReturn.ABORTED)
        for running in tuple(self._running):
            running.cancel()

    async def _send(self, method: _Request) -> bytes:
        request = ControlRequest(
            method.request_type, method.request, method.value, method.index, method.length
        )
        self._check(request)
        read = await self._carry_out(request, method.data, method.timeout_ms)
        return read if method.request_type & 0x80 else len(method.data).to_bytes(4, "little")

    async def _carry_out(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        length = request.length if request.request_type & 0x80 else len(data)
        if length >= limits.TRANSFER or max(request.value, request.index) > 0xFFFF:
            text = f"control request: expected values of 16 bits, found {request}"
            raise ReturnError(IOReturn.BAD_ARGUMENT, text)
        self._count(1)
        transfer = self._device.control(request, data, timeout_ms)
        task = asyncio.get_running_loop().create_task(transfer)
        self._running.add(task)
        task.add_done_callback(self._over)
        try:
            await asyncio.wait({task})
        finally:
            self._count(-1)
            task.cancel()
        if task.cancelled():
            raise ReturnError(IOReturn.ABORTED)
        return task.result()

    def _over(self, task: asyncio.Task[bytes]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may be gone: nobody else will look

    async def _run(self, method: usb.AsyncDeviceRequest) -> None:
        reads = bool(method.request_type & 0x80)
        status, data = int(IOReturn.SUCCESS), b""
        try:
            data = await self._send(method)
        except ReturnError as error:
            status = error.code
        task = asyncio.current_task()
        if task is not None and self._actions.pop(task, None) is not None:
            count = len(data) if reads else int.from_bytes(data, "little")
            self._end(method.action, status, count, data if reads else b"")

    def _end(self, action: int, status: int, count: int = 0, data: bytes = b"") -> None:
        end = methods.CompleteAsyncIO(status, count, time.monotonic_ns(), data)
        self._complete(action, end)
