"""A USB device of whatever kind, as its broker serves it to driver processes.

Runs in the event loop of the device's broker.
Invariant: the sessions of one device know which of its interfaces are open.
"""

from runtime.families.provider import Complete
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.provider import UsbDevice


class ServedUsbDevice:
    """A USB device as its broker serves it; the device is owned from now on."""

    def __init__(self, device: UsbDevice) -> None:
        self._device = device
        self._openers: set[int] = set()

    def session(self, number: int, complete: Complete) -> InterfaceSession:
        """Let one driver process at an interface."""
        return InterfaceSession(self._device, number, self._openers, complete)

    def give_back(self, number: int) -> None:
        """Let whoever had an interface before have it again; idempotent."""
        self._device.give_back(number)

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        self._device.close()
