"""What a uevent repeats of sysfs is what sysfs says."""

import re
from pathlib import Path

import msgspec
import pytest

from runtime.model.device import Device
from runtime.registry.mapping import mapped
from runtime.registry.uevent_facts import attributes

KEYBOARD = {
    "PRODUCT": "46d/c31c/6400",
    "TYPE": "0/0/0",
    "BUSNUM": "001",
    "DEVNUM": "010",
    "ID_VENDOR": "Logitech",
    "ID_VENDOR_ENC": "Logitech\\x2c\\x20Inc\\xc3\\xa9",
    "ID_VENDOR_ID": "046d",
    "ID_MODEL": "c31c",
    "ID_MODEL_ENC": "c31c",
    "ID_MODEL_ID": "c31c",
    "ID_MODEL_FROM_DATABASE": "Keyboard K120",
}

RENUMBERED = ("usb2", "busnum")  # of one recording, by hand


def test_a_usb_device_without_sysfs() -> None:
    device = Device("/sys/devices/1-1", "1-1", "usb", "usb_device", properties=KEYBOARD)
    assert attributes(device) == {
        "idVendor": "046d",
        "idProduct": "c31c",
        "bcdDevice": "6400",
        "bDeviceClass": "00",
        "bDeviceSubClass": "00",
        "bDeviceProtocol": "00",
        "busnum": "1",
        "devnum": "10",
        "manufacturer": "Logitech, Inc\u00e9",
    }
    shown = mapped(device)
    assert (shown.name, shown.properties["idVendor"]) == ("Keyboard K120", 0x046D)


def test_an_interface_without_sysfs() -> None:
    told = {"PRODUCT": "46d/c31c/6400", "INTERFACE": "3/1/255"}
    device = Device("/sys/devices/1-1:2.11", "1-1:2.11", "usb", "usb_interface", properties=told)
    shown = mapped(device)
    assert (shown.name, shown.location) == ("IOUSBHostInterface", "b")
    assert shown.properties["bInterfaceProtocol"] == 255
    assert shown.properties["bConfigurationValue"] == 2


@pytest.mark.parametrize("broken", ["", "46d", "46d/c31c", "x/y/z", "1/2/3/4", "//"])
def test_broken_numbers_are_left_out(broken: str) -> None:
    told = {"PRODUCT": broken, "TYPE": broken, "INTERFACE": broken, "PCI_ID": broken}
    for subsystem, kind in (("usb", "usb_device"), ("usb", "usb_interface"), ("pci", "")):
        device = Device("/sys/devices/x", "x", subsystem, kind, properties=told)
        assert attributes(device) == {}


def test_a_devices_own_attributes_come_first() -> None:
    device = Device("d", "1-1", "usb", "usb_device", properties=KEYBOARD)
    own = msgspec.structs.replace(device, attributes={"idVendor": "1234"})
    assert attributes(own) == {"idVendor": "1234"}


def test_recorded_devices_say_the_same_in_both_ways(corpora: Path) -> None:
    compared = 0
    for path in sorted(corpora.glob("recordings/umockdev/**/*")):
        if path.suffix not in {"", ".umockdev"} or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        for block in re.split(r"\n\s*\n", text):
            told = dict(re.findall(r"^E: ?([^=\n]+)=(.*)$", block, re.MULTILINE))
            real = dict(re.findall(r"^A: ?([^=\n]+)=(.*)$", block, re.MULTILINE))
            sysname = re.search(r"^P: .*/([^/\n]+)$", block, re.MULTILINE)
            if sysname is None or told.get("SUBSYSTEM") not in {"usb", "pci", "input"}:
                continue
            kind = told.get("DEVTYPE", "")
            device = Device("d", sysname[1], told["SUBSYSTEM"], kind, properties=told)
            for name, found in attributes(device).items():
                if name in real and (sysname[1], name) != RENUMBERED:
                    expected = real[name].replace("\\n", "\n")
                    assert _same(found, expected), (path, sysname[1], name, found, expected)
                    compared += 1
    assert compared > 300


def _same(found: str, expected: str) -> bool:
    numbers = (found.removeprefix("0x"), expected.removeprefix("0x"))
    return numbers[0].lower().strip(" 0\n") == numbers[1].lower().strip(" 0\n")
