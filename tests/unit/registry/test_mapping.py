"""Rows of the mapping from Linux to IOKit."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model import properties
from runtime.model.device import Device
from runtime.model.entry import Holder
from runtime.registry import mapping
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry


@pytest.mark.parametrize(
    ("subsystem", "devtype", "sysname", "cls"),
    [
        ("usb", "usb_device", "1-2", "IOUSBHostDevice"),
        ("usb", "usb_device", "usb3", "IOUSBRootHubDevice"),
        ("usb", "usb_interface", "1-2:1.0", "IOUSBHostInterface"),
        ("pci", "", "0000:00:1f.3", "IOPCIDevice"),
        ("net", "", "eth0", "IONetworkInterface"),
        ("net", "wlan", "wlan0", "IO80211Interface"),
        ("block", "partition", "sda1", "IOMedia"),
        ("hid", "", "0003:046D:C31C.0001", "IOHIDDevice"),
        ("hidraw", "", "hidraw0", "IOHIDInterface"),
        ("input", "", "input5", "IOHIDEventService"),
        ("input", "", "event5", "IOInputDevice"),
        ("tty", "", "ttyUSB0", "IOSerialBSDClient"),
        ("tty", "", "tty7", "IOTtyDevice"),
        ("event_source", "", "msr", "IOEventSourceDevice"),
        ("sound", "", "card0", "IOAudioDevice"),
        ("sound", "", "pcmC0D0p", "IOAudioEngine"),
        ("sound", "", "controlC0", "IOSoundDevice"),
    ],
)
def test_class(subsystem: str, devtype: str, sysname: str, cls: str) -> None:
    assert mapping.device_class(Device("/sys/devices/x", sysname, subsystem, devtype)) == cls


@pytest.mark.parametrize(
    ("sysname", "location"),
    [
        ("usb1", 0x01000000),
        ("1-2", 0x01200000),
        ("3-1.4", 0x03140000),
        ("1-1.5.4.2:1.0", 0x01154200),
        ("20-15", 0x14F00000),
    ],
)
def test_usb_location(sysname: str, location: int) -> None:
    device = Device("/sys/devices/x", sysname, "usb")
    assert mapping.mapped(device).properties["locationID"] == location


def test_usb_interface_carries_every_matching_key_as_a_number() -> None:
    device = Device(
        "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.1",
        "1-2:1.1",
        "usb",
        "usb_interface",
        "usbhid",
        attributes={
            "idVendor": "046d",
            "idProduct": "c31c",
            "bcdDevice": "6400",
            "bConfigurationValue": "1",
            "bInterfaceNumber": "0a",
            "bInterfaceClass": "03",
            "bInterfaceSubClass": "01",
            "bInterfaceProtocol": "02",
            "speed": "1.5",
        },
    )
    shown = mapping.mapped(device)
    assert (shown.name, shown.location) == ("IOUSBHostInterface", "a")
    expected: properties.Properties = {
        "idVendor": 0x046D,
        "idProduct": 0xC31C,
        "bcdDevice": 0x6400,
        "bConfigurationValue": 1,
        "bInterfaceNumber": 10,
        "bInterfaceClass": 3,
        "bInterfaceSubClass": 1,
        "bInterfaceProtocol": 2,
        "locationID": 0x01200000,
        "USBSpeed": 2,
        "LinuxSubsystem": "usb",
        "LinuxDriver": "usbhid",
    }
    assert expected.items() <= shown.properties.items()


def test_pci_keys_are_little_endian_data() -> None:
    device = Device(
        "/sys/devices/pci0000:00/0000:00:1f.3",
        "0000:00:1f.3",
        "pci",
        attributes={"vendor": "0x8086", "device": "0x9d2f", "class": "0x040300"},
    )
    shown = mapping.mapped(device)
    assert (shown.name, shown.location) == ("pci8086,9d2f", "1f,3")
    assert shown.properties["vendor-id"] == b"\x86\x80\0\0"
    assert shown.properties["class-code"] == b"\0\x03\x04\0"


def test_hid_identity_comes_from_its_uevent() -> None:
    device = Device(
        "/sys/devices/x",
        "0003:046D:C31C.0001",
        "hid",
        properties={"HID_ID": "0003:0000046D:0000C31C", "HID_NAME": "Pad", "HID_UNIQ": ""},
    )
    shown = mapping.mapped(device)
    assert shown.name == "Pad"
    expected: properties.Properties = {
        "Transport": "USB",
        "VendorID": 0x046D,
        "ProductID": 0xC31C,
        "Product": "Pad",
    }
    assert expected.items() <= shown.properties.items()


INTERFACE = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0"


@pytest.mark.parametrize(
    ("subclass", "protocol", "boots"), [("01", "01", 1), ("01", "02", 2), ("00", "02", 0)]
)
def test_a_usb_hid_device_says_where_it_is_and_what_it_boots_as(
    subclass: str, protocol: str, boots: int
) -> None:
    device = Device(
        f"{INTERFACE}/0003:046D:C31C.0001",
        "0003:046D:C31C.0001",
        "hid",
        parent=INTERFACE,
        attributes={
            "bcdDevice": "6400",
            "bInterfaceSubClass": subclass,
            "bInterfaceProtocol": protocol,
        },
    )
    shown = mapping.mapped(device).properties
    assert (shown["LocationID"], shown["VersionNumber"]) == (0x01200000, 0x6400)
    assert shown["BootProtocol"] == boots


@pytest.mark.parametrize(
    "parent",
    ["", "/sys/devices/virtual/misc/uhid", "/sys/devices/x/bluetooth/hci0/hci0:256"],
)
def test_a_hid_device_that_is_not_of_usb_has_no_location(parent: str) -> None:
    device = Device(f"{parent}/0005:046D:B31C.0002", "0005:046D:B31C.0002", "hid", parent=parent)
    shown = mapping.mapped(device).properties
    assert not {"LocationID", "VersionNumber", "BootProtocol"} & shown.keys()


def test_a_network_device_without_an_address_says_none() -> None:
    tunnel = Device("/sys/devices/virtual/net/tun0", "tun0", "net", attributes={"address": ""})
    assert "IOMACAddress" not in mapping.mapped(tunnel).properties
    ethernet = Device("/sys/devices/x", "eth0", "net", attributes={"address": "02:00:00:00:00:01"})
    assert mapping.mapped(ethernet).properties["IOMACAddress"] == b"\2\0\0\0\0\1"


@pytest.mark.parametrize(
    ("subsystem", "devtype", "driver", "holder"),
    [
        ("usb", "usb_interface", "", Holder.NOBODY),
        ("usb", "usb_interface", "usbhid", Holder.KERNEL),
        ("scsi", "scsi_device", "", Holder.NOBODY),
        ("scsi", "scsi_host", "", Holder.UNDRIVABLE),
        ("net", "", "", Holder.UNDRIVABLE),
        ("block", "disk", "", Holder.UNDRIVABLE),
        ("cpu", "", "", Holder.UNDRIVABLE),
        ("cpu", "", "processor", Holder.KERNEL),
    ],
)
def test_who_drives_it(subsystem: str, devtype: str, driver: str, holder: Holder) -> None:
    assert mapping.holder(Device("/sys/devices/x", "x", subsystem, devtype, driver)) == holder


def test_block_size_is_bytes() -> None:
    device = Device("/sys/devices/x", "sda", "block", "disk", attributes={"size": "8", "ro": "1"})
    shown = mapping.mapped(device).properties
    assert (shown["Size"], shown["Whole"], shown["Writable"]) == (4096, True, False)


def test_only_named_udev_properties_become_numbers() -> None:
    device = Device(
        "/sys/devices/x",
        "x",
        "misc",
        properties={"MAJOR": "10", "ID_SERIAL_SHORT": "00123", "MINOR": "none"},
    )
    shown = mapping.mapped(device).properties
    assert (shown["MAJOR"], shown["MINOR"], shown["ID_SERIAL_SHORT"]) == (10, "none", "00123")


def test_names_are_one_plain_bounded_line() -> None:
    dirty = "Evil\x1b[31m\n\u202ename" + "x" * 500
    device = Device("/sys/devices/x", "1-1", "usb", "usb_device", attributes={"product": dirty})
    name = mapping.mapped(device).name
    assert name.startswith("Evil[31mname")
    assert len(name) == mapping.NAME_LIMIT


# What a file of sysfs can hold: any bytes, decoded as `runtime.linux.udev` decodes them.
TEXT = st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(
    st.builds(
        Device,
        syspath=st.just("/sys/devices/a/b"),
        sysname=TEXT,
        subsystem=st.sampled_from(["usb", "pci", "net", "block", "hid", "input", "scsi", ""]),
        devtype=st.sampled_from(["", "usb_device", "usb_interface", "partition"]),
        driver=TEXT,
        parent=st.just(""),
        properties=st.dictionaries(st.sampled_from(["MAJOR", "HID_ID", "HID_NAME"]) | TEXT, TEXT),
        attributes=st.dictionaries(
            st.sampled_from(
                ["idVendor", "vendor", "class", "product", "size", "address", "bInterfaceNumber"]
            ),
            TEXT | st.integers().map(str) | st.integers(0).map(hex),
        ),
    )
)
def test_any_text_from_sysfs_maps_and_encodes(device: Device) -> None:
    shown = mapping.mapped(device)
    encoded = properties.encode(shown.properties)
    assert properties.decode(encoded) == shown.properties
    registry = Registry(lambda: 0, lambda _change: None)
    Machine(registry, lambda *_event: None, device.sysname).load([device])
    msgspec.msgpack.encode(list(registry.walk()))
