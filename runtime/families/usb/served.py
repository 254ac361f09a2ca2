"""A USB device of whatever kind, as its broker serves it to driver processes.

Runs in the event loop of the device's broker.
Invariant: the sessions of one device know which of its interfaces are open.
"""

import socket

from runtime.families.provider import Complete
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.lending import Lender, Lending
from runtime.families.usb.provider import UsbDevice


class ServedUsbDevice:
    """A USB device as its broker serves it; the device is owned from now on.

    `lender` is the same device, when it can lend its interfaces.
    """

    def __init__(self, device: UsbDevice, lender: Lender | None = None) -> None:
        self._device = device
        self._lender = lender
        self._openers: set[int] = set()

    def session(
        self, number: int, complete: Complete, opening: socket.socket | None = None
    ) -> InterfaceSession:
        """Let one driver process at an interface."""
        lending = None
        if opening is not None and self._lender is not None:
            lending = Lending(opening, self._lender)
        return InterfaceSession(self._device, number, self._openers, complete, lending)

    def give_back(self, number: int) -> None:
        """Let whoever had an interface before have it again; idempotent."""
        self._device.give_back(number)

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        self._device.close()
