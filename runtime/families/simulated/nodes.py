"""How the simulated devices stand in the tree.

Invariant: knows no registry; it describes entries as `Node`s, and the engine attaches them.
"""

from typing import Protocol

import msgspec

from runtime.families.simulated.hid import SimulatedHidDevice
from runtime.families.simulated.ticker import Ticker
from runtime.model.properties import Properties
from runtime.model.report_descriptor import device_usages, primary_usage
from runtime.model.usb import (
    ConfigurationDescriptor,
    DeviceDescriptor,
    InterfaceDescriptor,
    Speed,
)

CONTROLLER_LOCATION = 0x80000000  # locationID of the root: bus 0x80, which no real bus here has


class Node(msgspec.Struct, frozen=True):
    """One entry to attach, with those below it. `interface` is set on what can be driven."""

    name: str
    cls: str
    location: str
    properties: Properties
    children: tuple["Node", ...] = ()
    interface: int = -1


class DescribedUsb(Protocol):
    """What the tree shows of a USB device, whoever answers for it."""

    @property
    def speed(self) -> Speed:
        """How fast its port runs."""

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The active configuration."""


Described = DescribedUsb | SimulatedHidDevice | Ticker


def location_id(port: int) -> int:
    """The locationID of a port's device."""
    return CONTROLLER_LOCATION | port << 20


def device_node(device: Described, port: int) -> Node:
    """The entry of a device in a port, with what is below it."""
    if isinstance(device, SimulatedHidDevice):
        return _hid_node(device, port)
    if isinstance(device, Ticker):
        return _platform_node(device, port)
    return _usb_node(device, port)


def _platform_node(device: Ticker, port: int) -> Node:
    location = location_id(port)
    properties: Properties = {
        "LocationID": location,
        "IOInterruptTypes": list(device.types),
        "Simulated": True,
    }
    interrupts = Node("interrupts", "IOPlatformDevice", "", properties, interface=0)
    return Node(device.name, "IOPlatformDevice", f"{location:08x}", properties, (interrupts,))


def _usb_node(device: DescribedUsb, port: int) -> Node:
    d = device.descriptor
    identity: Properties = {
        "idVendor": d.vendor,
        "idProduct": d.product,
        "bcdDevice": d.device_version,
        "locationID": location_id(port),
        "Device Speed": int(device.speed),
        "USB Vendor Name": d.manufacturer,
        "USB Product Name": d.product_name,
        "USB Serial Number": d.serial,
        "Simulated": True,
    }
    return Node(
        name=d.product_name or "IOUSBHostDevice",
        cls="IOUSBHostDevice",
        location=f"{location_id(port):08x}",
        properties={
            **identity,
            "bcdUSB": d.usb_version,
            "bDeviceClass": d.cls,
            "bDeviceSubClass": d.subclass,
            "bDeviceProtocol": d.protocol,
            "bMaxPacketSize0": d.max_packet_size,
            "bNumConfigurations": len(d.configurations),
            "kUSBCurrentConfiguration": device.configuration.value,
        },
        children=tuple(
            _interface_node(interface, identity, device.configuration.value)
            for interface in device.configuration.interfaces
            if interface.alternate == 0
        ),
    )


def _interface_node(
    interface: InterfaceDescriptor, identity: Properties, configuration: int
) -> Node:
    return Node(
        name="IOUSBHostInterface",
        cls="IOUSBHostInterface",
        location=f"{interface.number:x}",
        interface=interface.number,
        properties={
            **identity,
            "bInterfaceNumber": interface.number,
            "bAlternateSetting": interface.alternate,
            "bInterfaceClass": interface.cls,
            "bInterfaceSubClass": interface.subclass,
            "bInterfaceProtocol": interface.protocol,
            "bConfigurationValue": configuration,
            "bNumEndpoints": len(interface.endpoints),
        },
    )


def _hid_node(device: SimulatedHidDevice, port: int) -> Node:
    model = device.model
    primary = primary_usage(model.descriptor)
    assert primary is not None, "a simulated device has a collection"
    pairs = device_usages(model.descriptor)
    properties: Properties = {
        "VendorID": model.vendor,
        "ProductID": model.product,
        "VersionNumber": model.version,
        "LocationID": location_id(port),
        "Transport": "USB",
        "Manufacturer": model.manufacturer,
        "Product": model.name,
        "SerialNumber": model.serial,
        "ReportDescriptor": model.descriptor,
        "PrimaryUsagePage": primary.page,
        "PrimaryUsage": primary.usage,
        "DeviceUsagePairs": [
            {"DeviceUsagePage": each.page, "DeviceUsage": each.usage} for each in pairs
        ],
        "Simulated": True,
    }
    interface = Node("IOHIDInterface", "IOHIDInterface", "", properties, interface=0)
    location = f"{location_id(port):08x}"
    return Node(model.name, "IOHIDDevice", location, properties, (interface,))
