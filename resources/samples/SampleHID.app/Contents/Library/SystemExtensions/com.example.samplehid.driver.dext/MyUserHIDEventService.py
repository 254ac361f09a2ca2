"""A first HID driver: a keyboard and a pointer out of reports that only their vendor understands.

The device is a keypad with a ball. Its input report is four bytes: the key that is down as a
usage of the keyboard page, or 0; the buttons; how far the ball was turned to the right, and down,
as signed bytes. No system knows that, so until this driver runs the device does nothing.

The system calls `handleReport` for each report, and this class says what it means by the
`dispatch` methods: what they say comes from a keyboard and a pointer of the system, which the
device's broker publishes. The simulated keypad types into nothing; a real one types where you do.
"""

import struct

from runtime.driverkit import IntToFixed, IOLog, IOService, IOUserHIDEventService

KEYBOARD_PAGE = 0x07  # HID Usage Tables: Keyboard/Keypad
REPORT = struct.Struct("<BBbb")


class MyUserHIDEventService(IOUserHIDEventService):
    """Drives the sample keypad."""

    key: int

    def Start(self, provider: IOService) -> None:
        """Open the device and publish the keyboard and pointer: the base class does both."""
        super().Start(provider)
        self.RegisterService()  # from here on others may match this service

    def handleStart(self, provider: IOService) -> bool:
        """Prepare; the events' device and the provider are opened when this returns True."""
        self.key = 0
        IOLog(f"handleStart: {provider.GetName()} has {len(self.getElements())} elements")
        return True

    def handleReport(
        self, timestamp: int, report: bytes, reportLength: int, reportType: int, reportID: int
    ) -> None:
        """One report came: say what has changed."""
        if reportLength != REPORT.size:
            IOLog(f"handleReport: {reportLength} bytes, expected {REPORT.size}")
            return
        key, buttons, right, down = REPORT.unpack(report)
        if key != self.key:
            self._press(timestamp, self.key, 0)
            self._press(timestamp, key, 1)
            self.key = key
        self.dispatchRelativePointerEvent(timestamp, IntToFixed(right), IntToFixed(down), buttons)

    def SetLEDState(self, usagePage: int, usage: int, on: bool) -> None:
        """Somebody pressed Caps Lock on any keyboard: the keypad has no lamps to show it."""
        IOLog(f"lamp {usage} {'on' if on else 'off'}")

    def Stop(self, provider: IOService) -> None:
        """The device is going, or the extension is: its keyboard goes with this process."""
        IOLog("Stop")
        super().Stop(provider)

    def _press(self, timestamp: int, key: int, value: int) -> None:
        """Say that a key is down (1) or up (0)."""
        if key:
            self.dispatchKeyboardEvent(timestamp, KEYBOARD_PAGE, key, value)
            IOLog(f"key {key:#04x} {'down' if value else 'up'}")
