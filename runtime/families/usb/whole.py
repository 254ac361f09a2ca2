"""What one driver process may do with a whole USB device, whatever moves the device's bytes.

Runs in the event loop of the device's broker. A device is opened by one driver alone: while it is
open no other has any of its interfaces.
Invariant: a closed session completes nothing any more, and holds no interface.
"""

import itertools

from runtime.families.provider import Answer, Complete
from runtime.families.usb import guard
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.outstanding import Outstanding
from runtime.families.usb.provider import UsbDevice
from runtime.families.usb.requests import DeviceRequests
from runtime.families.usb.rest import Rest, RestCalls
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import limits, methods, usb


class DeviceSession:
    """One driver process at a device, and at what it copies of its interfaces."""

    def __init__(
        self,
        device: UsbDevice,
        openers: set[int],
        complete: Complete,
        rest: Rest | None = None,
    ) -> None:
        """Begin with nothing open; `openers` and `rest` are shared by all of the device."""
        self._device = device
        self._openers = openers
        self._complete = complete
        self._opened = False
        self._gone = False
        self._handles = itertools.count(1)
        self._interfaces: dict[int, InterfaceSession] = {}  # by handle
        self._numbers: dict[int, int] = {}  # their handles
        self._outstanding = Outstanding()
        self._rest = RestCalls(rest or Rest(None, openers), usb.WHOLE_DEVICE, complete)
        self._requests = DeviceRequests(
            device, complete, self._outstanding.count, guard.check_whole
        )

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed, or is not one of the target.
        """
        if target == 0:
            return await self._call_device(method)
        if target in self._interfaces:
            return await self._interfaces[target].call(0, method)
        return await self._having(target).call(target, method)

    def begin(self, target: int, method: methods.Method, answer: Answer) -> bool:
        """See `ProviderSession.begin`: the methods of a pipe."""
        if target == 0 or target in self._interfaces:
            return False
        return self._having(target).begin(target, method, answer)

    def close(self) -> None:
        """Abort outstanding I/O, whose completions come first, and close; idempotent."""
        self._drop_interfaces()
        self._requests.abort()
        if self._opened:
            self._opened = False
            self._openers.discard(usb.WHOLE_DEVICE)
            self._rest.end()

    def unplug(self) -> None:
        """The device is gone: `close`, and nothing can be opened any more."""
        self._gone = True
        self.close()

    def _having(self, pipe: int) -> InterfaceSession:
        for interface in self._interfaces.values():
            if interface.has(pipe):
                return interface
        if self._gone:
            raise ReturnError(IOReturn.ABORTED, "the device was unplugged")
        raise ReturnError(IOReturn.NOT_FOUND, f"handle {pipe} is no interface and no open pipe")

    async def _call_device(self, method: methods.Method) -> object:
        result: object = None
        match method:
            case methods.InterfaceOpen():
                self._open()
            case methods.InterfaceClose():
                self.close()
            case usb.CopyInterface(number=number):
                result = self._copy_interface(number)
            case usb.ShareMemory():
                result = self._outstanding.memory.lend()
            case usb.Rest() | usb.Wake():
                self._require_open()
                self._rest.call(method)
            case usb.SetConfiguration(value=value):
                self._set_configuration(value)
            case usb.Reset():
                self._require_open()
                self._drop_interfaces()
                self._device.reset()
            case _:
                if isinstance(method, methods.DeviceRequest | usb.AsyncDeviceRequest):
                    self._require_open()
                result = await self._requests.call(method)
        return result

    def _open(self) -> None:
        if self._gone:
            raise ReturnError(IOReturn.NO_DEVICE, "the device was unplugged")
        if self._openers:
            text = "device: expected that no driver has it or an interface of it open"
            raise ReturnError(IOReturn.EXCLUSIVE_ACCESS, f"{text}, found one")
        self._openers.add(usb.WHOLE_DEVICE)
        self._opened = True

    def _require_open(self) -> None:
        if not self._opened:
            raise ReturnError(IOReturn.NOT_OPEN, "device is not open")

    def _set_configuration(self, value: int) -> None:
        """All interfaces go; the kernel's drivers have the new ones until these are opened."""
        self._require_open()
        self._drop_interfaces()
        numbers = {interface.number for interface in self._device.configuration.interfaces}
        try:
            for number in numbers:
                self._device.take(number)  # so that no kernel driver uses one
            self._device.set_configuration(value)
        finally:
            for number in numbers:
                self._device.give_back(number)

    def _copy_interface(self, number: int) -> int:
        self._require_open()
        self._device.interface(number)
        if number not in self._numbers:
            if len(self._numbers) >= limits.HANDLES:
                raise ReturnError(IOReturn.NO_RESOURCES, "device has too many interfaces copied")
            handle = self._numbers[number] = next(self._handles)
            mine: set[int] = set()  # nobody else is at the device
            self._interfaces[handle] = InterfaceSession(
                *(self._device, number, mine, self._complete),
                handles=self._handles,
                outstanding=self._outstanding,
            )
        return self._numbers[number]

    def _drop_interfaces(self) -> None:
        """What is open of them is closed, and their handles are of nothing any more."""
        interfaces, self._interfaces = self._interfaces, {}
        self._numbers.clear()
        for interface in interfaces.values():
            interface.close()
