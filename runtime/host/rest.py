"""A service's USB device sleeps while the service is in the low power state.

Runs on the service's Default queue.
Invariant: the device is awake before the service is told that it is on.
"""

import contextlib

from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.power import kIOServicePowerCapabilityLow, kIOServicePowerCapabilityOn
from runtime.driverkit.transport import Transport
from runtime.driverkit.usb_node import Node
from runtime.wire import methods, service, usb

_WOKEN = "ChangePowerState"  # what the pulse shows meanwhile


class Rest:
    """What a service's power means for the device that it has open.

    Args:
        transport: The service's own.
        is_usb: Whether its provider is a USB device or an interface of one.
    """

    def __init__(self, transport: Transport, *, is_usb: bool) -> None:
        self._transport = transport
        self._is_usb = is_usb
        self._rests = False

    def before(self, flags: int, node: Node | None) -> None:
        """The service will be told of a state; `node` is where it moves its data itself."""
        if self._rests and flags == kIOServicePowerCapabilityOn:
            self._rests = False
            with contextlib.suppress(IOReturnError):  # it was closed meanwhile, which wakes it
                self._transport.call(0, usb.Wake())
            if node is not None:
                node.wake()

    def after(self, flags: int, node: Node | None) -> None:
        """The service was told."""
        if not self._is_usb or flags != kIOServicePowerCapabilityLow:
            return
        number = self._transport.expect(_WOKEN, self._transport.default_queue(), self._woken)
        try:
            self._transport.call(0, usb.Rest(number))
            self._rests = True
            if node is not None:
                node.rest()
        except IOReturnError:  # nothing is open, or the kernel cannot: it stays awake
            if not self._rests:
                self._transport.forget(number)

    def _woken(self, _end: methods.Completion) -> None:
        """The device has, or was woken: the service is on, as far as it is concerned."""
        if self._rests:
            with contextlib.suppress(IOReturnError):  # the service is over
                self._transport.call(0, service.ChangePowerState(kIOServicePowerCapabilityOn))
