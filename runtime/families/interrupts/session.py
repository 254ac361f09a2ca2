"""What one driver process may do with the interrupts of one device.

Runs in the event loop of the device's broker.
Invariant: an interrupt is told to one driver at most, and to none after its session is closed.
"""

import functools
import os
import socket

from runtime.families.interrupts.provider import InterruptDevice
from runtime.families.provider import Answer, Complete, Lent
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import interrupt, methods


class ServedInterrupts:
    """A device with interrupts as its broker serves it; the device is owned from now on."""

    def __init__(self, device: InterruptDevice) -> None:
        self.device = device
        self.holders: dict[int, InterruptSession] = {}  # by line

    def session(
        self, number: int, complete: Complete, opening: socket.socket | None = None
    ) -> "InterruptSession":
        """Let one driver process at the device."""
        del number, complete, opening
        return InterruptSession(self)

    def give_back(self, number: int) -> None:
        """Nothing is held while no driver has an interrupt."""

    def close(self) -> None:
        """End everything; idempotent."""
        self.device.close()


class InterruptSession:
    """One driver process at one device. `close` ends everything that it holds."""

    def __init__(self, served: ServedInterrupts) -> None:
        self._served = served
        self._device = served.device
        self._told: dict[int, int] = {}  # eventfds, by line
        self._gone = False

    def begin(self, _target: int, _method: methods.Method, _answer: Answer) -> bool:
        """See `ProviderSession.begin`: calls are few."""
        return False

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method.

        Raises:
            ReturnError: The method failed, or is none of a device with interrupts.
        """
        match method:
            case interrupt.RegisterInterrupt(index=index):
                return self._register(index)
            case interrupt.GetInterruptType(index=index):
                return self._type(index)
            case interrupt.EnableInterrupt(index=index, enable=enable):
                self._require(index)
                self._device.enable(index, on=enable)
            case interrupt.UnregisterInterrupt(index=index):
                self._require(index)
                self._unregister(index)
            case _:
                name = type(method).__name__
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{name} is no method of a platform device ({target})"
                )
        return None

    def close(self) -> None:
        """Let go of every interrupt; idempotent."""
        for index in tuple(self._told):
            self._unregister(index)

    def unplug(self) -> None:
        """The device is gone: `close`, and nothing can be had any more."""
        self._gone = True
        self.close()

    def _register(self, index: int) -> Lent:
        kind = self._type(index)
        if index in self._served.holders:
            raise ReturnError(IOReturn.EXCLUSIVE_ACCESS, f"interrupt {index} is taken")
        told = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._served.holders[index] = self
        self._told[index] = told
        self._device.hear(index, functools.partial(_tell, told))
        return Lent(kind, os.dup(told))

    def _unregister(self, index: int) -> None:
        self._device.enable(index, on=False)
        self._device.hear(index, None)
        del self._served.holders[index]
        os.close(self._told.pop(index))

    def _type(self, index: int) -> int:
        types = self._device.types
        if self._gone:
            raise ReturnError(IOReturn.NO_DEVICE, "the device was unplugged")
        if index >= len(types):
            raise ReturnError(
                IOReturn.NO_INTERRUPT, f"interrupt: expected one of {len(types)}, found {index}"
            )
        return types[index]

    def _require(self, index: int) -> None:
        if index not in self._told:
            raise ReturnError(IOReturn.NOT_OPEN, f"interrupt {index}: expected it registered")


def _tell(told: int, count: int) -> None:
    try:
        os.eventfd_write(told, count)
    except BlockingIOError:
        return  # the driver does not read, and the count is at its end
