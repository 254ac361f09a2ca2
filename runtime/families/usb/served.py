"""A USB device of whatever kind, as its broker serves it to driver processes.

Runs in the event loop of the device's broker.
Invariant: the sessions of one device know which of its interfaces are open.
"""

import socket

from runtime.families.provider import Complete
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.lending import Lender, Lending
from runtime.families.usb.provider import UsbDevice
from runtime.families.usb.rest import Rest, Sleeper
from runtime.families.usb.whole import DeviceSession
from runtime.wire.usb import WHOLE_DEVICE


class ServedUsbDevice:
    """A USB device as its broker serves it; the device is owned from now on.

    `lender` is the same device, when it can lend its interfaces; `sleeper`, when it can sleep.
    """

    def __init__(
        self, device: UsbDevice, lender: Lender | None = None, sleeper: Sleeper | None = None
    ) -> None:
        self._device = device
        self._lender = lender
        self._openers: set[int] = set()
        self._wanted: set[int] = set()
        self._rest = Rest(sleeper, self._openers)

    def session(
        self, number: int, complete: Complete, opening: socket.socket | None = None
    ) -> InterfaceSession | DeviceSession:
        """Let one driver process at an interface, or at the whole device."""
        if number == WHOLE_DEVICE:
            return DeviceSession(self._device, self._openers, complete, self._rest)
        self._wanted.add(number)
        lending = None
        if opening is not None and self._lender is not None:
            lending = Lending(opening, self._lender)
        return InterfaceSession(
            *(self._device, number, self._openers, complete), lending=lending, rest=self._rest
        )

    def give_back(self, number: int) -> None:
        """Let whoever had an interface before have it again; idempotent.

        Of the whole device these are all that no driver wants for itself.
        """
        if number != WHOLE_DEVICE:
            self._wanted.discard(number)
            self._device.give_back(number)
            return
        for interface in self._device.configuration.interfaces:
            if interface.number not in self._wanted:
                self._device.give_back(interface.number)

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        self._device.close()
