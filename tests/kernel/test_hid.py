"""A HID device's reports become keys and movements of the guest, and everything is given back."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.line.apps import BUNDLE, make_app
from tests.kernel.conftest import Inspector
from tests.kernel.image import GUEST
from tests.kernel.test_usb import approve, pid_of

DESCRIPTOR = bytes.fromhex(
    "05010906a1018501050719e029e71500250175019508810295067508150026ff000507190029ff8100c0"
    "0600ff0901a10185021500 26ff00 7508 9501 0902 8102 1581 257f 9502 0903 0904 8106"
    "1500 26ff00 9504 0905 b102 c0"
)
"""Report 1: a keyboard of six keys. Report 2, the vendor's: a key, and a movement right and down;
and a feature report of four bytes."""
SOURCE = """
from runtime.driverkit import (
    IOBufferMemoryDescriptor, IOLog, IOUserHIDEventService, IntToFixed, kIOHIDReportTypeFeature
)


class Trial(IOUserHIDEventService):
    def Start(self, provider):
        super().Start(provider)
        self.RegisterService()
        feature = IOBufferMemoryDescriptor.Create(5)
        feature.GetAddressRange()[:] = bytes([2, 1, 2, 3, 4])
        provider.SetReport(feature, kIOHIDReportTypeFeature, 2)
        feature.GetAddressRange()[1:] = bytes(4)
        count = provider.GetReport(feature, kIOHIDReportTypeFeature, 2)
        IOLog(f"feature {bytes(feature)[:count].hex()}")

    def handleReport(self, timestamp, report, reportLength, reportType, reportID):
        IOLog(f"report {report.hex()}")
        if reportID == 2:
            self.dispatchKeyboardEvent(timestamp, 7, report[1], 1)
            self.dispatchKeyboardEvent(timestamp, 7, report[1], 0)
            dx, dy = (byte - 256 if byte > 127 else byte for byte in report[2:4])
            self.dispatchRelativePointerEvent(timestamp, IntToFixed(dx), IntToFixed(dy), 0)

    def SetLEDState(self, usagePage, usage, on):
        IOLog(f"lamp {usagePage}/{usage} {on}")
"""
PERSONALITY = {
    "IOClass": "AppleUserHIDEventService",
    "IOProviderClass": "IOHIDInterface",
    "IOUserClass": "Trial",
    "IOUserServerName": BUNDLE,
    "CFBundleIdentifier": BUNDLE,
    "VendorID": 0x1209,
    "ProductID": 2,
}
ENTITLEMENTS = """<plist version="1.0"><dict>
<key>com.apple.developer.driverkit</key><true/>
<key>com.apple.developer.driverkit.transport.hid</key><true/>
<key>com.apple.developer.driverkit.family.hid.eventservice</key><true/>
</dict></plist>"""
PUBLISHED = "Odd Keyboard Mouse"  # one of the two that the kernel makes of an event service
FIFO, TYPED = "/run/odd.fifo", "/run/typed"
SECONDS = 120.0


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An event service for the odd keyboard."""
    made = make_app(tmp_path, SOURCE, IOKitPersonalities={"Trial": PERSONALITY})
    (entitlements,) = made.glob("Contents/Library/SystemExtensions/*/Entitlements.plist")
    entitlements.write_text(ENTITLEMENTS)
    return made


class OddKeyboard:
    """The device in the guest, and what the guest's terminal and pointers get."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        program = f"{sys.executable} {GUEST}"
        self._run(
            f"setsid {program}/typed.py >{TYPED} 2>&1 </dev/null & echo $! >/run/typed.pid;"
            f"setsid {program}/hid_device.py {FIFO} {DESCRIPTOR.hex()} >/run/odd 2>&1 &"
        )
        self.wait_for(lambda: self._run(f"test -p {FIFO}; echo $?") == "0\n", "the device")

    def press(self, usage: int) -> None:
        """A key of the keyboard goes down and up."""
        self._say(bytes([1, 0, usage, 0, 0, 0, 0, 0]), bytes([1, 0, 0, 0, 0, 0, 0, 0]))

    def press_odd(self, usage: int, right: int = 0, down: int = 0) -> None:
        """A key that only the driver knows, and a movement."""
        self._say(bytes([2, usage, right & 0xFF, down & 0xFF]))

    def until_typed(self, text: str, press: Callable[[int], None]) -> None:
        """Press a letter until the terminal gets it: who reads it may have to start first."""
        usage = 4 + ord(text) - ord("a")

        def pressed() -> bool:
            press(usage)
            return f"key {text}\n" in self.typed()

        self.wait_for(pressed, f"the letter {text}")

    def typed(self) -> str:
        """All that came."""
        return self._run(f"cat {TYPED}")

    def names(self) -> list[str]:
        """The names of the guest's input devices."""
        return self._run("cat /sys/class/input/input*/name").splitlines()

    def wait_for(self, check: Callable[[], bool], what: str) -> None:
        """Look again and again."""
        deadline = time.monotonic() + SECONDS
        while not check():
            said = f"{what}: {self.typed()} {self.names()}" if time.monotonic() > deadline else ""
            assert not said, said + self._inspector.log()
            time.sleep(0.2)

    def close(self) -> None:
        """Unplug it."""
        self._run(f"echo unplug >{FIFO}; kill $(cat /run/typed.pid); rm {TYPED} /run/typed.pid")

    def _say(self, *reports: bytes) -> None:
        self._run("".join(f"echo {report.hex()} >{FIFO};" for report in reports))

    def _run(self, script: str) -> str:
        return self._inspector.machine.run("sh", "-c", script).stdout


@pytest.fixture
def keyboard(inspector: Inspector) -> Iterator[OddKeyboard]:
    """The odd keyboard, plugged in."""
    made = OddKeyboard(inspector)
    yield made
    made.close()


def test_reports_become_events_and_the_input_comes_back(
    inspector: Inspector, keyboard: OddKeyboard, app: Path, measured: Callable[[str], None]
) -> None:
    machine = inspector.machine
    keyboard.until_typed("a", keyboard.press)
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    keyboard.until_typed("b", keyboard.press_odd)
    assert "feature 0201020304" in inspector.run("dext", "log", "Trial")
    before = keyboard.typed()
    keyboard.press(4 + ord("z") - ord("a"))
    keyboard.press_odd(4 + ord("c") - ord("a"), 5, -3)
    keyboard.wait_for(lambda: "key c" in keyboard.typed(), "the letter c")
    assert "key z" not in keyboard.typed(), "the driver has the keyboard for itself"
    assert "report 01001d" in inspector.run("dext", "log", "Trial")
    assert {"move 0 5", "move 1 -3"} <= set(keyboard.typed().removeprefix(before).splitlines())
    assert PUBLISHED in keyboard.names()

    for lamp in ("True", "False"):
        keyboard.press_odd(0x39)  # Caps Lock
        inspector.until(lambda log, on=lamp: f"lamp 8/2 {on}" in log, "dext", "log", "Trial")  # type: ignore[misc]

    machine.run("kill", "-9", str(pid_of(inspector, "IOUserServerPID", "-r", "-n", "Trial")))
    keyboard.until_typed("d", keyboard.press_odd)
    machine.run("kill", "-9", str(pid_of(inspector, "BrokerPID")))
    keyboard.until_typed("e", keyboard.press_odd)
    assert keyboard.names().count(PUBLISHED) == 1, "what was published before is gone"

    began = time.monotonic()
    inspector.kill()
    keyboard.until_typed("f", keyboard.press)
    assert "Trial" not in keyboard.names()
    measured(
        f"guest: kill -9 of the runtime → a seized keyboard types {time.monotonic() - began:.1f} s"
    )

    inspector.start()
    keyboard.until_typed("g", keyboard.press_odd)
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)
    keyboard.until_typed("h", keyboard.press)
    keyboard.wait_for(lambda: PUBLISHED not in keyboard.names(), "its end")


USB_SOURCE = """
from runtime.driverkit import IOLog, IOUserUSBHostHIDDevice


class Trial(IOUserUSBHostHIDDevice):
    def newDeviceDescription(self):
        return {**super().newDeviceDescription(), "Product": "Corrected", "RegisterService": True}

    def setReport(self, report, reportType, options, completionTimeout, action):
        IOLog(f"lamps {bytes(report).hex()}")
        super().setReport(report, reportType, options, completionTimeout, action)
"""
USB_PERSONALITY = {
    "IOClass": "AppleUserHIDDevice",
    "IOProviderClass": "IOUSBHostInterface",
    "IOUserClass": "Trial",
    "IOUserServerName": BUNDLE,
    "CFBundleIdentifier": BUNDLE,
    "idVendor": 0x0627,
    "idProduct": 1,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
}
USB_ENTITLEMENTS = """<plist version="1.0"><dict>
<key>com.apple.developer.driverkit</key><true/>
<key>com.apple.developer.driverkit.family.hid.device</key><true/>
<key>com.apple.developer.driverkit.transport.usb</key><array><dict>
<key>idVendor</key><integer>1575</integer></dict></array>
</dict></plist>"""


def test_a_usb_keyboard_types_through_its_driver(
    inspector: Inspector, keyboard: OddKeyboard, tmp_path: Path
) -> None:
    app = make_app(tmp_path, USB_SOURCE, IOKitPersonalities={"Trial": USB_PERSONALITY})
    (entitlements,) = app.glob("Contents/Library/SystemExtensions/*/Entitlements.plist")
    entitlements.write_text(USB_ENTITLEMENTS)
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    keyboard.wait_for(lambda: "Corrected" in keyboard.names(), "the published keyboard")
    assert "QEMU QEMU USB Keyboard" not in keyboard.names(), "the kernel's driver has given way"
    keyboard.until_typed("k", lambda _: inspector.machine.press_key("k"))
    inspector.machine.press_key("caps_lock")
    inspector.until(lambda log: "lamps 02" in log, "dext", "log", "Trial")
    inspector.machine.press_key("caps_lock")
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)
    keyboard.wait_for(lambda: "QEMU QEMU USB Keyboard" in keyboard.names(), "the kernel's driver")
    assert "Corrected" not in keyboard.names()
    keyboard.until_typed("q", lambda _: inspector.machine.press_key("q"))
