"""`IOInterruptDispatchSource`: an interrupt of the provider calls the driver.

    self.line = IOInterruptDispatchSource.Create(provider, 0, self.CopyDispatchQueue())
    self.line.SetHandler(self.CreateAction(self.Interrupt))
    self.line.SetEnable(True)

    @callback(IOInterruptDispatchSource.InterruptOccurred)
    def Interrupt(self, action, count, time): ...

On Linux the provider is a platform device: one of UIO (/dev/uio0), or a simulated one.
Source: DriverKit's IOInterruptDispatchSource.iig; IOInterruptTypes.h; uio-howto.rst.
Invariant: an interrupt of a level is disabled from when it happens until its handler has returned.
"""

import contextlib
import os
from collections.abc import Callable
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.clock import mach_absolute_time
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.service import IOService
from runtime.driverkit.sources import IODispatchSource
from runtime.driverkit.transport import borrow, invoke, process
from runtime.wire import interrupt

kIOInterruptTypeEdge = interrupt.EDGE
"""It happens at a change of its line."""
kIOInterruptTypeLevel = interrupt.LEVEL
"""It happens as long as its line is active: the handler has to quieten the device."""


class IOInterruptDispatchSource(IODispatchSource):
    """One interrupt of a provider. Disabled when made, unlike other sources."""

    InterruptOccurred: ClassVar[CallbackType[[int, int]]] = CallbackType(
        "IOInterruptDispatchSource::InterruptOccurred", count=int, time=int
    )
    """`(action, count, time)`: how many since the last call, and when, by `mach_absolute_time`."""

    def __init__(self, queue: IODispatchQueue, provider: IOService, index: int) -> None:
        super().__init__(queue)
        self._enabled = False
        self._transport = provider._transport
        self._index = index
        self._handler: OSAction | None = None
        self._last = (0, 0)
        asked = interrupt.RegisterInterrupt(index)
        kind, self._eventfd = borrow(self._transport, asked, int)
        self._level = kind == interrupt.LEVEL
        process().sources().watch(self._eventfd, self._happen)

    @staticmethod
    def Create(
        provider: IOService, index: int, queue: IODispatchQueue
    ) -> "IOInterruptDispatchSource":
        """Have an interrupt of the provider, which nobody else can have meanwhile.

        Args:
            provider: What `Start` was given.
            index: Of the interrupt; UIO has just 0.
            queue: For the handlers of `Cancel` and `SetEnableWithCompletion`.

        Raises:
            IOReturnError: kIOReturnNoInterrupt, there is no such one; kIOReturnExclusiveAccess,
                somebody has it; kIOReturnUnsupported, the provider has no interrupts.
        """
        return IOInterruptDispatchSource(queue, provider, index)

    @staticmethod
    def GetInterruptType(provider: IOService, index: int) -> int:
        """`kIOInterruptTypeEdge` or `kIOInterruptTypeLevel`.

        Raises:
            IOReturnError: kIOReturnNoInterrupt, kIOReturnUnsupported as `Create`.
        """
        transport = provider._transport
        return invoke(transport, 0, interrupt.GetInterruptType(index), int)

    def SetHandler(self, action: OSAction) -> None:
        """Call this action of type `InterruptOccurred` from now on.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
        """
        action.expect(self.InterruptOccurred, "SetHandler")
        self._handler = action

    def GetLastInterrupt(self) -> tuple[int, int]:
        """How many interrupts there have been, and when the last was, by `mach_absolute_time`."""
        return self._last

    def SetEnableWithCompletion(
        self, enable: bool, handler: Callable[[], None] | None = None
    ) -> None:
        """Let the interrupt happen, or not; `handler` runs on the source's queue when that is so.

        Raises:
            IOReturnError: kIOReturnAborted after `Cancel`; kIOReturnOffline, the provider is gone.
        """
        self._alive()
        self._enable(on=enable)
        super().SetEnableWithCompletion(enable, handler)

    def _happen(self) -> None:
        try:
            count = os.eventfd_read(self._eventfd)
        except BlockingIOError:
            return
        now = mach_absolute_time()
        self._last = self._last[0] + count, now
        if self._handler is not None:
            self._deliver(self._handler, count, now)

    def _happened(self, action: OSAction, values: tuple[object, ...]) -> None:
        super()._happened(action, values)
        if self._level and self._enabled and not self._cancelled:
            with contextlib.suppress(IOReturnError):  # the provider is gone
                self._enable(on=True)

    def _enable(self, *, on: bool) -> None:
        invoke(self._transport, 0, interrupt.EnableInterrupt(self._index, on), type(None))

    def _release(self) -> None:
        if self._eventfd >= 0:
            process().sources().unwatch(self._eventfd)
            os.close(self._eventfd)
            self._eventfd = -1
            with contextlib.suppress(IOReturnError):  # the provider is gone
                method = interrupt.UnregisterInterrupt(self._index)
                invoke(self._transport, 0, method, type(None))
