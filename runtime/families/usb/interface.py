"""What one driver process may do with one USB interface, whatever moves the device's bytes.

Runs in the event loop of the device's broker; every queued transfer completes exactly once, in
the order in which it was queued on its pipe.
Invariant: a closed session completes nothing any more.
"""

import asyncio
import itertools
import time

from runtime.families.provider import Complete
from runtime.families.usb import guard
from runtime.families.usb.provider import Transfer, UsbDevice, UsbPipe
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest
from runtime.wire import limits, methods


class ServedUsbDevice:
    """A USB device as its broker serves it; the device is owned from now on."""

    def __init__(self, device: UsbDevice) -> None:
        self._device = device
        self._openers: set[int] = set()

    def session(self, number: int, complete: Complete) -> "InterfaceSession":
        """Let one driver process at an interface."""
        return InterfaceSession(self._device, number, self._openers, complete)

    def give_back(self, number: int) -> None:
        """Let whoever had an interface before have it again; idempotent."""
        self._device.give_back(number)

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        self._device.close()


class InterfaceSession:
    """One driver process at one interface. `close` ends everything that it holds."""

    def __init__(
        self, device: UsbDevice, number: int, openers: set[int], complete: Complete
    ) -> None:
        """`openers` is shared by all sessions of the device: interfaces open now."""
        self._device = device
        self._number = number
        self._openers = openers
        self._complete = complete
        self._opened = False
        self._gone = False
        self._outstanding = 0
        self._handles = itertools.count(1)
        self._pipes: dict[int, UsbPipe] = {}

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed, or is not one of the target.
        """
        if target == 0:
            return await self._call_interface(method)
        pipe = self._pipes.get(target)
        if pipe is None and self._gone:
            raise ReturnError(IOReturn.ABORTED, "the device was unplugged")
        if pipe is None:
            raise ReturnError(IOReturn.NOT_FOUND, f"handle {target} is not an open pipe")
        return await self._call_pipe(pipe, method)

    def close(self) -> None:
        """Abort outstanding I/O, whose completions come first, and close; idempotent."""
        pipes = tuple(self._pipes.values())
        self._pipes.clear()
        for pipe in pipes:
            pipe.abort()
        if self._opened:
            self._opened = False
            self._openers.discard(self._number)

    def unplug(self) -> None:
        """The device is gone: `close`, and nothing can be opened any more."""
        self._gone = True
        self.close()

    async def _call_interface(self, method: methods.Method) -> object:
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
                result = await self._device_request(method)
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{type(method).__name__} is no method of a USB interface"
                )
        return result

    def _open(self) -> None:
        if self._gone:
            raise ReturnError(IOReturn.NO_DEVICE, "the device was unplugged")
        if self._number in self._openers:
            raise ReturnError(IOReturn.EXCLUSIVE_ACCESS, "interface is open already")
        self._device.take(self._number)
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
                self._pipes[handle] = self._device.pipe(endpoint)
                return handle
        raise ReturnError(IOReturn.NOT_FOUND, f"interface has no endpoint {address:#04x}")

    async def _device_request(self, method: methods.DeviceRequest) -> bytes:
        self._require_open()
        request = ControlRequest(
            method.request_type, method.request, method.value, method.index, method.length
        )
        guard.check(request, self._device.interface(self._number))
        read = await self._device.control(request, method.data, method.timeout_ms)
        return read if method.request_type & 0x80 else len(method.data).to_bytes(4, "little")

    async def _call_pipe(self, pipe: UsbPipe, method: methods.Method) -> object:
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
                pipe.clear_stall()
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{type(method).__name__} is no method of a USB pipe"
                )
        return result

    def _queue(self, pipe: UsbPipe, method: methods.AsyncIO) -> None:
        def done(status: int, count: int, data: bytes) -> None:
            self._outstanding -= 1
            now = time.monotonic_ns()
            self._complete(method.action, methods.CompleteAsyncIO(status, count, now, data))

        self._submit(pipe, Transfer(_length(method), method.data, done), method.timeout_ms)

    async def _transfer(self, pipe: UsbPipe, method: methods.PipeIO) -> bytes:
        ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def done(status: int, count: int, data: bytes) -> None:
            self._outstanding -= 1
            if ended.done():
                return  # the driver that waited is gone
            if status == IOReturn.SUCCESS:
                ended.set_result(data if pipe.endpoint.is_input else count.to_bytes(4, "little"))
            else:
                ended.set_exception(ReturnError(status))

        self._submit(pipe, Transfer(_length(method), method.data, done), method.timeout_ms)
        return await ended

    def _submit(self, pipe: UsbPipe, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer, within what one driver may have outstanding on all its pipes."""
        if self._outstanding >= limits.OUTSTANDING:
            raise ReturnError(IOReturn.NO_RESOURCES, "driver has too many outstanding transfers")
        pipe.submit(transfer, timeout_ms)
        self._outstanding += 1


def _length(method: methods.AsyncIO | methods.PipeIO) -> int:
    if method.length > limits.TRANSFER:
        raise ReturnError(
            IOReturn.BAD_ARGUMENT,
            f"transfer: expected at most {limits.TRANSFER} bytes, found {method.length}",
        )
    return method.length
