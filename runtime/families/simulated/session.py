"""What one driver process may do with one simulated USB interface.

Runs in the runtime's event loop and never blocks; every queued transfer completes exactly
once, in the order in which it was queued on its pipe.
Invariant: a closed session completes nothing any more.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable

from runtime.families.simulated.device import SimulatedDevice
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest, EndpointDescriptor
from runtime.wire import limits, methods

Done = Callable[[int, bytes], None]
"""Called with a kern_return_t and the bytes read, when a transfer ended."""


class Transfer:
    """One queued transfer of a pipe."""

    def __init__(self, length: int, data: bytes, done: Done) -> None:
        self.length = length
        self.data = data
        self.done = done
        self.timeout: asyncio.TimerHandle | None = None


class Pipe:
    """One open endpoint: a queue of transfers, served one every interval."""

    def __init__(self, device: SimulatedDevice, endpoint: EndpointDescriptor) -> None:
        self.endpoint = endpoint
        self._device = device
        self._queue: deque[Transfer] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer; a timeout of 0 means none."""
        loop = asyncio.get_running_loop()
        if timeout_ms:
            transfer.timeout = loop.call_later(timeout_ms / 1000, self._expire, transfer)
        self._queue.append(transfer)
        self._arm()

    def abort(self) -> None:
        """End every queued transfer with ABORTED."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            self._finish(self._queue.popleft(), IOReturn.ABORTED, b"")

    def _arm(self) -> None:
        if self._queue and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.endpoint.interval / 1000, self._serve)

    def _serve(self) -> None:
        self._timer = None
        transfer = self._queue.popleft()
        if self.endpoint.is_input:
            data = self._device.produce(self.endpoint.address, transfer.length)
        else:
            self._device.consume(self.endpoint.address, transfer.data)
            data = b""
        self._finish(transfer, IOReturn.SUCCESS, data)
        self._arm()

    def _expire(self, transfer: Transfer) -> None:
        self._queue.remove(transfer)
        self._finish(transfer, IOReturn.USB_TRANSACTION_TIMEOUT, b"")
        if not self._queue and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @staticmethod
    def _finish(transfer: Transfer, status: int, data: bytes) -> None:
        if transfer.timeout is not None:
            transfer.timeout.cancel()
        transfer.done(status, data)


class InterfaceSession:
    """One driver process at one interface. `close` ends everything that it holds."""

    def __init__(
        self,
        device: SimulatedDevice,
        number: int,
        openers: set[int],
        complete: Callable[[int, methods.Completion], None],
    ) -> None:
        """`openers` is shared by all sessions of the device: interfaces open now."""
        self._device = device
        self._number = number
        self._openers = openers
        self._complete = complete
        self._opened = False
        self._outstanding = 0
        self._handles = itertools.count(1)
        self._pipes: dict[int, Pipe] = {}

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed, or is not one of the target.
        """
        if target == 0:
            return self._call_interface(method)
        pipe = self._pipes.get(target)
        if pipe is None:
            raise ReturnError(IOReturn.NOT_FOUND, f"handle {target} is not an open pipe")
        return await self._call_pipe(pipe, method)

    def close(self) -> None:
        """Abort outstanding I/O, whose completions come first, and close; idempotent."""
        for pipe in self._pipes.values():
            pipe.abort()
        self._pipes.clear()
        if self._opened:
            self._opened = False
            self._openers.discard(self._number)

    def _call_interface(self, method: methods.Method) -> object:
        result: object = None
        match method:
            case methods.InterfaceOpen():
                self._open()
            case methods.InterfaceClose():
                self.close()
            case methods.GetInterfaceDescriptor():
                result = self._device.interface(self._number)
            case methods.CopyConfigurationDescriptor():
                result = self._device.configuration
            case methods.CopyDeviceDescriptor():
                result = self._device.descriptor
            case methods.CopyPipe(address=address):
                result = self._copy_pipe(address)
            case methods.DeviceRequest():
                result = self._device_request(method)
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{type(method).__name__} is no method of a USB interface"
                )
        return result

    def _open(self) -> None:
        if self._number in self._openers:
            raise ReturnError(IOReturn.EXCLUSIVE_ACCESS, "interface is open already")
        self._openers.add(self._number)
        self._opened = True

    def _require_open(self) -> None:
        if not self._opened:
            raise ReturnError(IOReturn.NOT_OPEN, "interface is not open")

    def _copy_pipe(self, address: int) -> int:
        self._require_open()
        if len(self._pipes) >= limits.HANDLES:
            raise ReturnError(IOReturn.NO_RESOURCES, "interface has too many pipes open")
        for endpoint in self._device.interface(self._number).endpoints:
            if endpoint.address == address:
                handle = next(self._handles)
                self._pipes[handle] = Pipe(self._device, endpoint)
                return handle
        raise ReturnError(IOReturn.NOT_FOUND, f"interface has no endpoint {address:#04x}")

    def _device_request(self, method: methods.DeviceRequest) -> bytes:
        self._require_open()
        request = ControlRequest(
            method.request_type, method.request, method.value, method.index, method.length
        )
        read = self._device.control(request, method.data)
        return read if method.request_type & 0x80 else len(method.data).to_bytes(4, "little")

    async def _call_pipe(self, pipe: Pipe, method: methods.Method) -> object:
        result: object = None
        match method:
            case methods.GetDescriptors():
                result = pipe.endpoint
            case methods.AsyncIO():
                self._queue(pipe, method)
            case methods.PipeIO():
                result = await self._transfer(pipe, method)
            case methods.Abort():
                pipe.abort()
            case methods.ClearStall():
                pass  # a simulated endpoint never halts
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{type(method).__name__} is no method of a USB pipe"
                )
        return result

    def _queue(self, pipe: Pipe, method: methods.AsyncIO) -> None:
        def done(status: int, data: bytes) -> None:
            count = len(data) if pipe.endpoint.is_input else len(method.data)
            count = count if status == IOReturn.SUCCESS else 0
            self._outstanding -= 1
            now = time.monotonic_ns()
            self._complete(method.action, methods.CompleteAsyncIO(status, count, now, data))

        self._submit(pipe, Transfer(_length(method), method.data, done), method.timeout_ms)

    async def _transfer(self, pipe: Pipe, method: methods.PipeIO) -> bytes:
        ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def done(status: int, data: bytes) -> None:
            self._outstanding -= 1
            if ended.done():
                return  # the driver that waited is gone
            if status == IOReturn.SUCCESS:
                moved = data if pipe.endpoint.is_input else len(method.data).to_bytes(4, "little")
                ended.set_result(moved)
            else:
                ended.set_exception(ReturnError(status))

        self._submit(pipe, Transfer(_length(method), method.data, done), method.timeout_ms)
        return await ended

    def _submit(self, pipe: Pipe, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer, within what one driver may have outstanding on all its pipes."""
        if self._outstanding >= limits.OUTSTANDING:
            raise ReturnError(IOReturn.NO_RESOURCES, "driver has too many outstanding transfers")
        self._outstanding += 1
        pipe.submit(transfer, timeout_ms)


def _length(method: methods.AsyncIO | methods.PipeIO) -> int:
    if method.length > limits.TRANSFER:
        raise ReturnError(
            IOReturn.BAD_ARGUMENT,
            f"transfer: expected at most {limits.TRANSFER} bytes, found {method.length}",
        )
    return method.length
