"""Which sysfs attributes the registry reads of a device, by subsystem.

A short list on purpose: reading an attribute runs code of the device's kernel driver, and some
wait for a device's lock. Everything here is answered from memory by the kernel.
Source: kernel Documentation/ABI/{stable,testing}/sysfs-*.
Invariant: names only; what they become is `runtime.registry.mapping`'s.
"""

from collections.abc import Mapping

_USB = (
    "idVendor",
    "idProduct",
    "bcdDevice",
    "bDeviceClass",
    "bDeviceSubClass",
    "bDeviceProtocol",
    "bNumConfigurations",
    "bConfigurationValue",
    "bMaxPacketSize0",
    "bMaxPower",
    "bInterfaceNumber",
    "bAlternateSetting",
    "bInterfaceClass",
    "bInterfaceSubClass",
    "bInterfaceProtocol",
    "bNumEndpoints",
    "busnum",
    "devnum",
    "speed",
    "version",
    "manufacturer",
    "product",
    "serial",
    "interface",
    "authorized",
)
_PCI = (
    "vendor",
    "device",
    "subsystem_vendor",
    "subsystem_device",
    "class",
    "revision",
    "irq",
    "numa_node",
)

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "usb": _USB,
    "pci": _PCI,
    "net": ("address", "type", "mtu", "ifindex", "operstate"),
    "block": ("size", "removable", "ro", "partition"),
    "input": ("name", "phys", "uniq"),
    "hid": ("report_descriptor",),
    "tty": ("dev",),
    "acpi": ("hid", "uid", "path"),
    "pnp": ("id",),
    "virtio": ("vendor", "device"),
    "scsi": ("vendor", "model", "rev", "type"),
    "nvme": ("model", "serial", "firmware_rev", "transport"),
    "sound": ("id", "number"),
    "power_supply": ("type", "manufacturer", "model_name"),
    "drm": ("status", "enabled"),
    "i2c": ("name",),
    "hwmon": ("name",),
    "thermal": ("type",),
    "video4linux": ("name", "index"),
    "rtc": ("name",),
    "watchdog": ("identity",),
    "mmc": ("type", "name", "serial"),
    "bluetooth": ("type",),
    "thunderbolt": ("vendor_name", "device_name", "unique_id"),
    "devlink": ("status", "runtime_pm", "sync_state_only"),
}
"""Attribute names by subsystem; one that a device lacks is left out of `Device.attributes`."""

USB_INTERFACE_FROM_DEVICE = ("idVendor", "idProduct", "bcdDevice", "bConfigurationValue", "speed")
"""What a USB interface's entry says of the device that it is part of: USB matching reads it."""

HID_FROM_INTERFACE = ("bInterfaceSubClass", "bInterfaceProtocol")
HID_FROM_DEVICE = ("bcdDevice",)
"""What a HID device's entry says of the USB interface and device that it is part of."""

POWER = "power/runtime_status"
"""Read of every device; where it is neither absent nor ``unsupported``, `POWER_MORE` is, too."""

POWER_MORE = ("power/control", "power/wakeup")
