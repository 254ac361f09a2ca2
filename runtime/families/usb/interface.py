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
from runtime.families.usb.lending import Lending
from runtime.families.usb.pipes import PipeCalls
from runtime.families.usb.provider import UsbDevice
from runtime.families.usb.requests import ControlRequests
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest, TransferType
from runtime.wire import limits, methods, usb

_GET_DESCRIPTOR = 6
_DESCRIPTOR_MS = 5000  # as the kernel gives a device for one


class InterfaceSession:
    """One driver process at one interface. `close` ends everything that it holds."""

    def __init__(
        self,
        device: UsbDevice,
        number: int,
        openers: set[int],
        complete: Complete,
        lending: Lending | None = None,
    ) -> None:
        """Begin with nothing open.

        Args:
            device: What moves the bytes.
            number: Of the interface.
            openers: Shared by all sessions of the device: interfaces open now.
            complete: Where completions go.
            lending: How the driver gets to move its data itself; None: it does not.
        """
        self._device = device
        self._number = number
        self._openers = openers
        self._complete = complete
        self._lending = lending
        self._opened = False
        self._gone = False
        self._handles = itertools.count(1)
        self._pipes: dict[int, PipeCalls] = {}
        self._outstanding = 0
        self._requests = ControlRequests(device)
        self._actions: dict[asyncio.Task[None], int] = {}  # of asynchronous requests

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
        return await pipe.call(method)

    def close(self) -> None:
        """Abort outstanding I/O, whose completions come first, and close; idempotent."""
        self._shut()
        if self._lending is not None:
            self._lending.close()

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
                self._shut()
            case usb.OpenDirect():
                result = await self._open_direct()
            case methods.GetInterfaceDescriptor():
                result = self._device.interface(self._number)
            case methods.CopyConfigurationDescriptor():
                result = self._device.configuration
            case methods.CopyPipe(address=address):
                result = self._copy_pipe(address)
            case methods.DeviceRequest():
                result = await self._device_request(method)
            case usb.AsyncDeviceRequest():
                self._queue_request(method)
            case usb.AbortDeviceRequests():
                self._abort_requests()
            case usb.SelectAlternateSetting(alternate=alternate):
                self._select(alternate)
            case _:
                result = await self._call_device(method)
        return result

    async def _call_device(self, method: methods.Method) -> object:
        result: object = None
        match method:
            case methods.CopyDeviceDescriptor():
                result = self._device.descriptor
            case usb.CopyDescriptor(kind=kind, index=index, language=language, length=length):
                value = (kind & 0xFF) << 8 | index & 0xFF
                request = ControlRequest(0x80, _GET_DESCRIPTOR, value, language & 0xFFFF, length)
                result = await self._request(request, b"", _DESCRIPTOR_MS)
            case usb.GetAddress():
                result = self._device.address
            case usb.GetSpeed():
                result = int(self._device.speed)
            case usb.SetConfiguration(value=value):
                self._set_configuration(value)
            case usb.Reset():
                self._require_open()
                guard.check_alone(self._device.configuration, "Reset")
                self._close_pipes()
                self._device.reset()
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{type(method).__name__} is no method of a USB interface"
                )
        return result

    def _shut(self) -> None:
        self._close_pipes()
        self._abort_requests()
        if self._opened:
            self._opened = False
            self._openers.discard(self._number)

    async def _open_direct(self) -> object:
        self._require_open()
        if self._lending is None or not guard.is_alone(self._device.configuration):
            return False  # a vendor's request in a URB could disturb another interface
        return await self._lending.lend(self._number)

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
            # A control pipe would carry requests that nobody has checked.
            usable = endpoint.transfer_type is not TransferType.CONTROL
            if endpoint.address == address and usable:
                handle = next(self._handles)
                pipe = self._device.pipe(endpoint)
                self._pipes[handle] = PipeCalls(pipe, self._complete, self._count)
                return handle
        raise ReturnError(IOReturn.NOT_FOUND, f"interface has no endpoint {address:#04x}")

    def _close_pipes(self) -> None:
        pipes = tuple(self._pipes.values())
        self._pipes.clear()
        for pipe in pipes:
            pipe.abort()

    def _select(self, alternate: int) -> None:
        self._require_open()
        self._close_pipes()
        self._device.select(self._number, alternate)

    def _set_configuration(self, value: int) -> None:
        """Its own interface goes with it, so it is closed first."""
        self._require_open()
        guard.check_alone(self._device.configuration, "SetConfiguration")
        self._shut()
        self._device.set_configuration(value)

    async def _device_request(
        self, method: methods.DeviceRequest | usb.AsyncDeviceRequest
    ) -> bytes:
        self._require_open()
        request = ControlRequest(
            method.request_type, method.request, method.value, method.index, method.length
        )
        shared = bool(self._openers - {self._number})
        guard.check(request, self._device.interface(self._number), shared=shared)
        read = await self._request(request, method.data, method.timeout_ms)
        return read if method.request_type & 0x80 else len(method.data).to_bytes(4, "little")

    async def _request(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        length = request.length if request.request_type & 0x80 else len(data)
        if length >= limits.TRANSFER or max(request.value, request.index) > 0xFFFF:
            text = f"control request: expected values of 16 bits, found {request}"
            raise ReturnError(IOReturn.BAD_ARGUMENT, text)
        self._count(1)
        try:
            return await self._requests.carry_out(request, data, timeout_ms)
        finally:
            self._count(-1)

    def _queue_request(self, method: usb.AsyncDeviceRequest) -> None:
        self._require_open()
        task = asyncio.get_running_loop().create_task(self._run_request(method))
        self._actions[task] = method.action

    async def _run_request(self, method: usb.AsyncDeviceRequest) -> None:
        reads = bool(method.request_type & 0x80)
        status, data = int(IOReturn.SUCCESS), b""
        try:
            data = await self._device_request(method)
        except ReturnError as error:
            status = error.code
        task = asyncio.current_task()
        if task is not None and self._actions.pop(task, None) is not None:
            count = len(data) if reads else int.from_bytes(data, "little")
            self._end_request(method.action, status, count, data if reads else b"")

    def _abort_requests(self) -> None:
        actions, self._actions = self._actions, {}
        for task, action in actions.items():
            task.cancel()
            self._end_request(action, IOReturn.ABORTED)
        self._requests.abort()

    def _end_request(self, action: int, status: int, count: int = 0, data: bytes = b"") -> None:
        end = methods.CompleteAsyncIO(status, count, time.monotonic_ns(), data)
        self._complete(action, end)

    def _count(self, change: int) -> None:
        """Hold one driver to what it may have outstanding in all."""
        if self._outstanding + change > limits.OUTSTANDING:
            raise ReturnError(IOReturn.NO_RESOURCES, "driver has too many outstanding transfers")
        self._outstanding += change
