"""What one driver process may do with one USB interface, whatever moves the device's bytes.

Runs in the event loop of the device's broker; every queued transfer completes exactly once, in
the order in which it was queued on its pipe.
Invariant: a closed session completes nothing any more.
"""

import asyncio
import functools
import itertools
from collections.abc import Iterator

from runtime.families.provider import Answer, Complete
from runtime.families.usb import guard
from runtime.families.usb.lending import Lending
from runtime.families.usb.outstanding import Outstanding
from runtime.families.usb.pipes import PipeCalls
from runtime.families.usb.provider import UsbDevice
from runtime.families.usb.requests import DeviceRequests
from runtime.families.usb.rest import Rest, RestCalls
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest, TransferType
from runtime.wire import limits, methods, usb


class InterfaceSession:
    """One driver process at one interface. `close` ends everything that it holds."""

    def __init__(
        self,
        device: UsbDevice,
        number: int,
        openers: set[int],
        complete: Complete,
        *,
        lending: Lending | None = None,
        handles: Iterator[int] | None = None,
        outstanding: Outstanding | None = None,
        rest: Rest | None = None,
    ) -> None:
        """Begin with nothing open.

        Args:
            device: What moves the bytes.
            number: Of the interface.
            openers: Shared by all sessions of the device: interfaces open now.
            complete: Where completions go.
            lending: How the driver gets to move its data itself; None: it does not.
            handles: Numbers for what is opened, where others are given out beside them.
            outstanding: What the process has under way, where it has other interfaces, too.
            rest: What of the device rests; None: it never sleeps.
        """
        self._device = device
        self._number = number
        self._openers = openers
        self._complete = complete
        self._lending = lending
        self._opened = False
        self._gone = False
        self._handles = handles or itertools.count(1)
        self._pipes: dict[int, PipeCalls] = {}
        self._outstanding = outstanding or Outstanding()
        self._device_rest = rest or Rest(None, openers)
        self._rest = RestCalls(self._device_rest, number, complete)
        self._requests = DeviceRequests(device, complete, self._outstanding.count, self._check)

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed, or is not one of the target.
        """
        if target == 0:
            return await self._call_interface(method)
        ended: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.begin(target, method, functools.partial(_settle, ended))
        return await ended

    def begin(self, target: int, method: methods.Method, answer: Answer) -> bool:
        """See `ProviderSession.begin`: the methods of a pipe."""
        if target == 0:
            return False
        pipe = self._pipes.get(target)
        if pipe is None and self._gone:
            raise ReturnError(IOReturn.ABORTED, "the device was unplugged")
        if pipe is None:
            raise ReturnError(IOReturn.NOT_FOUND, f"handle {target} is not an open pipe")
        pipe.begin(method, answer)
        return True

    def has(self, target: int) -> bool:
        """Whether this is an open pipe of the interface."""
        return target in self._pipes

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
            case usb.ShareMemory():
                result = self._outstanding.memory.lend()
            case usb.Rest() | usb.Wake():
                self._require_open()
                self._rest.call(method)
            case methods.GetInterfaceDescriptor():
                result = self._device.interface(self._number)
            case methods.CopyPipe(address=address):
                result = self._copy_pipe(address)
            case usb.SelectAlternateSetting(alternate=alternate):
                self._select(alternate)
            case usb.SetConfiguration(value=value):
                self._set_configuration(value)
            case usb.Reset():
                self._reset()
            case _:
                if isinstance(method, methods.DeviceRequest | usb.AsyncDeviceRequest):
                    self._require_open()
                result = await self._requests.call(method)
        return result

    def _shut(self) -> None:
        self._close_pipes()
        self._requests.abort()
        if self._opened:
            self._opened = False
            self._openers.discard(self._number)
            self._rest.end()

    async def _open_direct(self) -> object:
        self._require_open()
        if self._lending is None or not guard.is_alone(self._device.configuration):
            return False  # a vendor's request in a URB could disturb another interface
        return await self._lending.lend(self._number)

    def _open(self) -> None:
        if self._gone:
            raise ReturnError(IOReturn.NO_DEVICE, "the device was unplugged")
        if self._openers & {self._number, usb.WHOLE_DEVICE}:
            raise ReturnError(IOReturn.EXCLUSIVE_ACCESS, "interface is open already")
        self._device.take(self._number)
        self._openers.add(self._number)
        self._device_rest.settle()
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
                self._pipes[handle] = PipeCalls(pipe, self._complete, self._outstanding)
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

    def _reset(self) -> None:
        self._require_open()
        guard.check_alone(self._device.configuration, "Reset")
        self._close_pipes()
        self._device.reset()

    def _check(self, request: ControlRequest) -> None:
        shared = bool(self._openers - {self._number})
        guard.check(request, self._device.interface(self._number), shared=shared)


def _settle(ended: asyncio.Future[object], result: object) -> None:
    if ended.done():
        return  # the driver that waited is gone
    if isinstance(result, ReturnError):
        ended.set_exception(result)
    else:
        ended.set_result(result)
