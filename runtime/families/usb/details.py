"""USB descriptors in words, read through pyusb. May block: for workers.

Source: USB 2.0 section 9.6; USB-IF defined class codes.
Invariant: reads cached descriptors; sends nothing to the device.
"""

from pathlib import Path

import usb.core

from runtime.model.device import Device
from runtime.model.usb import TransferType
from runtime.wire.commands.registry import Details, Section

Row = tuple[int, str, str]

CLASSES = {
    0x00: "defined by the interfaces",
    0x01: "audio",
    0x02: "communications",
    0x03: "human interface device",
    0x05: "physical",
    0x06: "still imaging",
    0x07: "printer",
    0x08: "mass storage",
    0x09: "hub",
    0x0A: "communications data",
    0x0B: "smart card",
    0x0D: "content security",
    0x0E: "video",
    0x0F: "personal healthcare",
    0x10: "audio and video",
    0x11: "billboard",
    0x12: "USB Type-C bridge",
    0xDC: "diagnostic",
    0xE0: "wireless controller",
    0xEF: "miscellaneous",
    0xFE: "application specific",
    0xFF: "vendor specific",
}


def describe(device: Device) -> Details:
    """All descriptors of a USB device; for an interface, those of the device it is part of."""
    owner = Path(device.parent if device.devtype == "usb_interface" else device.syspath)
    try:
        bus, address = (int((owner / name).read_text()) for name in ("busnum", "devnum"))
    except (OSError, ValueError):
        return Details((), f"{device.sysname} has no bus address any more: it was unplugged")
    try:
        found = usb.core.find(bus=bus, address=address)
    except usb.core.NoBackendError:
        return Details((), "libusb: expected libusb-1.0.so.0, found none; install libusb-1.0-0")
    if found is None:
        return Details((), f"{device.sysname}: libusb does not see it on bus {bus}")
    sections = [Section("Device descriptor", tuple(_device_rows(found, owner)))]
    try:
        for configuration in found:
            title = f"Configuration {configuration.bConfigurationValue}"
            sections.append(Section(title, tuple(_configuration_rows(configuration))))
    except usb.core.USBError as error:
        return Details(tuple(sections), f"{device.sysname}: not every descriptor is there: {error}")
    return Details(tuple(sections))


def class_words(code: int) -> str:
    """A class code with its name."""
    return f"0x{code:02x} ({CLASSES.get(code, 'reserved')})"


def _device_rows(device: usb.core.Device, sysfs: Path) -> list[Row]:
    return [
        (0, "USB version", _version(device.bcdUSB)),
        (0, "Class", class_words(device.bDeviceClass)),
        (0, "Subclass", f"0x{device.bDeviceSubClass:02x}"),
        (0, "Protocol", f"0x{device.bDeviceProtocol:02x}"),
        (0, "Packet size of endpoint 0", f"{device.bMaxPacketSize0} bytes"),
        (0, "Vendor", f"0x{device.idVendor:04x}{_string(sysfs, 'manufacturer')}"),
        (0, "Product", f"0x{device.idProduct:04x}{_string(sysfs, 'product')}"),
        (0, "Device version", _version(device.bcdDevice)),
        (0, "Serial number", _string(sysfs, "serial").strip() or "none"),
        (0, "Configurations", str(device.bNumConfigurations)),
    ]


def _configuration_rows(configuration: usb.core.Configuration) -> list[Row]:
    attributes = configuration.bmAttributes
    rows: list[Row] = [
        (0, "Maximum power", f"{configuration.bMaxPower * 2} mA"),
        (0, "Powered by", "itself" if attributes & 0x40 else "the bus"),
        (0, "Remote wakeup", "yes" if attributes & 0x20 else "no"),
    ]
    for interface in configuration:
        rows += _interface_rows(interface)
    return rows


def _interface_rows(interface: usb.core.Interface) -> list[Row]:
    alternate = interface.bAlternateSetting
    title = f"Interface {interface.bInterfaceNumber}"
    if alternate:
        title += f", alternate setting {alternate}"
    rows: list[Row] = [
        (0, title, class_words(interface.bInterfaceClass)),
        (1, "Subclass", f"0x{interface.bInterfaceSubClass:02x}"),
        (1, "Protocol", f"0x{interface.bInterfaceProtocol:02x}"),
    ]
    return rows + [(1, *_endpoint_words(endpoint)) for endpoint in interface]


def _endpoint_words(endpoint: usb.core.Endpoint) -> tuple[str, str]:
    direction = "in" if endpoint.bEndpointAddress & 0x80 else "out"
    kind = TransferType(endpoint.bmAttributes & 0x3).name.lower()
    size = endpoint.wMaxPacketSize & 0x7FF  # the bits above count transactions a microframe
    words = f"{kind} {direction}, {size} bytes a packet"
    if kind in {"interrupt", "isochronous"}:
        words += f", interval {endpoint.bInterval}"
    return f"Endpoint 0x{endpoint.bEndpointAddress:02x}", words


def _version(bcd: int) -> str:
    return f"{bcd >> 8:x}.{bcd >> 4 & 0xF:x}{bcd & 0xF:x}"


def _string(sysfs: Path, name: str) -> str:
    """A string descriptor as the kernel read it at plug; asking the device could block."""
    try:
        return " " + (sysfs / name).read_text(errors="replace").strip()
    except OSError:
        return ""
