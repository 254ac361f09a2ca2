"""What a database of udev tells of USB and PCI devices is what sysfs would."""

import msgspec
import pytest

from runtime.model.device import Device
from runtime.registry import mapping, uevent_mapping

INTERFACE = Device(
    "/sys/devices/usb1/1-1/1-1:1.2",
    "1-1:1.2",
    "usb",
    "usb_interface",
    properties={
        "PRODUCT": "46d/c52b/1211",
        "TYPE": "239/2/1",
        "INTERFACE": "3/1/2",
        "MODALIAS": "usb:v046DpC52Bd1211dcEFdsc02dp01ic03isc01ip02in02",
    },
)
PCI = Device(
    "/sys/devices/pci0000:00/0000:00:1f.3",
    "0000:00:1f.3",
    "pci",
    properties={"PCI_CLASS": "40300", "PCI_ID": "8086:9D2F", "PCI_SUBSYS_ID": "17AA:2258"},
)


def test_an_interface_is_told_as_sysfs_tells_it() -> None:
    sysfs = {
        "idVendor": "046d",
        "idProduct": "c52b",
        "bcdDevice": "1211",
        "bInterfaceClass": "03",
        "bInterfaceSubClass": "01",
        "bInterfaceProtocol": "02",
        "bInterfaceNumber": "02",
    }
    live = mapping.mapped(msgspec.structs.replace(INTERFACE, attributes=sysfs))
    assert mapping.mapped(INTERFACE) == live
    assert live.properties["bInterfaceProtocol"] == 2
    assert live.location == "2"


def test_a_device_has_its_own_class_and_no_interfaces() -> None:
    device = msgspec.structs.replace(INTERFACE, sysname="1-1", devtype="usb_device")
    shown = mapping.mapped(device).properties
    assert (shown["bDeviceClass"], shown["bDeviceSubClass"], shown["bDeviceProtocol"]) == (
        239,
        2,
        1,
    )


def test_a_pci_device_is_told_as_sysfs_tells_it() -> None:
    sysfs = {
        "vendor": "0x8086",
        "device": "0x9d2f",
        "subsystem_vendor": "0x17aa",
        "subsystem_device": "0x2258",
        "class": "0x040300",
    }
    live = mapping.mapped(msgspec.structs.replace(PCI, attributes=sysfs))
    assert mapping.mapped(PCI) == live
    assert live.name == "pci8086,9d2f"


@pytest.mark.parametrize("text", ["", "46d/c52b", "x/y/z", "1/2/3/4", "46d/c52b/1211 "])
def test_text_of_another_form_tells_nothing(text: str) -> None:
    device = Device("/sys/devices/x", "x", "usb", "usb_device", properties={"PRODUCT": text})
    assert uevent_mapping.attributes(device) == {}
