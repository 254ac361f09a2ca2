"""Recorded USB devices in a fake sysfs: enumerate, hot plug, remove, describe, print."""

from collections.abc import Callable
from typing import Any

import pytest

KEYBOARD = "martinpitt+umockdev/devices/input/usbkbd.umockdev"
FIDO = "martinpitt+umockdev/devices/hidraw/fido2.umockdev"
FINGERPRINT = "libfprint-1.94.9/tests/synaptics/device"
KEYBOARD_PATH = "/sys/devices/pci0000:00/0000:00:1a.0/usb1/1-1/1-1.5/1-1.5.4/1-1.5.4.2"
FIDO_PATH = "/sys/devices/pci0000:00/0000:00:08.1/0000:05:00.3/usb1/1-2/1-2.3"
FINGERPRINT_PATH = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-9"

Run = Callable[..., str]
Plug = Callable[[str, str], dict[str, Any]]


def _by_class(entries: list[dict[str, Any]], cls: str) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["class"] == cls]


@pytest.mark.parametrize(
    ("recording", "syspath", "name"),
    [
        (KEYBOARD, KEYBOARD_PATH, "Kinesis Advantage PRO MPC/USB Keyboard"),
        (FIDO, FIDO_PATH, "Security Key by Yubico"),
        (FINGERPRINT, FINGERPRINT_PATH, "Prometheus MIS Touch Fingerprint Reader"),
    ],
)
def test_hot_plug_and_remove(plug: Plug, recording: str, syspath: str, name: str) -> None:
    seen = plug(recording, syspath)
    assert f"{name} (IOUSBHostDevice) appeared" in seen["plug"]
    assert seen["unplug"][-1] == f"{name} (IOUSBHostDevice) went"
    shown = {entry["properties"].get("LinuxSyspath") for entry in seen["plugged"]}
    assert set(seen["enumerated"]) <= shown
    left = [entry["properties"].get("LinuxSyspath", "") for entry in seen["unplugged"]]
    assert not [path for path in left if path.startswith(syspath)]
    assert f"{syspath.rpartition('/')[0]}" in left


def test_keyboard_has_its_chain_of_services(plug: Plug) -> None:
    plugged = plug(KEYBOARD, KEYBOARD_PATH)["plugged"]
    (interface,) = _by_class(plugged, "IOUSBHostInterface")
    expected = {
        "idVendor": 0x05F3,
        "idProduct": 0x0007,
        "bcdDevice": 800,
        "bInterfaceNumber": 0,
        "bConfigurationValue": 1,
        "bInterfaceClass": 3,
        "bInterfaceSubClass": 1,
        "bInterfaceProtocol": 1,
        "locationID": 0x01154200,
        "USBSpeed": 1,
    }
    assert expected.items() <= interface["properties"].items()
    assert interface["driver"] == "usbhid"
    below = [e["class"] for e in plugged if e["path"].startswith(interface["path"] + "/")]
    assert sorted(below) == ["IOHIDEventService", "IOInputDevice", "IOUSBHostHIDDevice"]


def test_security_key_is_a_hid_device_below_its_interface(plug: Plug) -> None:
    plugged = plug(FIDO, FIDO_PATH)["plugged"]
    (hid,) = _by_class(plugged, "IOHIDDevice")
    assert hid["driver"] == "hid-generic"
    assert hid["properties"]["VendorID"] == 0x1050
    assert hid["properties"]["Transport"] == "USB"
    (raw,) = _by_class(plugged, "IOHIDInterface")
    assert raw["path"] == hid["path"] + "/hidraw5"


def test_ioreg_prints_the_recorded_machine(under: Run) -> None:
    text = under(FIDO, "-m", "runtime.commands.ioreg", "-r", "-c", "IOUSBHostInterface", "-l")
    lines = text.splitlines()
    assert lines[0].startswith("+-o IOUSBHostInterface@0  <class IOUSBHostInterface, id 0x1")
    assert '  |   "idVendor" = 4176' in lines
    assert lines[-1] == ""
    pci = under(FIDO, "-m", "runtime.commands.ioreg", "-r", "-c", "IOPCIDevice", "-d", "1")
    assert '"vendor-id" = <22100000>' in pci


_DESCRIBE = """
import sys
from runtime.families.details import describe
from runtime.linux.udev import read_device
details = describe(read_device(sys.argv[1]))
print(details.note)
for section in details.sections:
    print(section.title)
    for indent, name, value in section.rows:
        print(' ' * indent + name + ': ' + value)
"""


def test_usb_descriptors_in_words(under: Run) -> None:
    lines = under(FINGERPRINT, "-c", _DESCRIBE, FINGERPRINT_PATH).splitlines()
    assert lines[0] == ""
    assert "Class: 0xff (vendor specific)" in lines
    assert "Vendor: 0x06cb" in lines
    assert "Maximum power: 100 mA" in lines
    assert " Endpoint 0x83: interrupt in, 8 bytes a packet, interval 4" in lines
    assert [line for line in lines if line.startswith("Configuration ")] == ["Configuration 1"]


def test_hid_facts_in_words(under: Run) -> None:
    path = f"{FIDO_PATH}/1-2.3:1.0/0003:1050:0120.000A"
    lines = under(FIDO, "-c", _DESCRIBE, path).splitlines()
    assert "Vendor: 0x1050 Yubico" in lines
    assert "Usage page: 0xf1d0 (FIDO alliance)" in lines
    assert "Raw, 34 bytes" in lines
    assert "0000: 06 d0 f1 09 01 a1 01 09 20 15 00 26 ff 00 75 08" in lines
