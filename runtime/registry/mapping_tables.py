"""From Linux to IOKit: the tables. `runtime.registry.mapping` applies them.

A reader can check each row: left what the kernel says, right what IOKit calls the same thing.
What has no row gets a name built the same way, `IO<Subsystem>Device`.
Source: kernel Documentation/ABI/testing/sysfs-*; USBSpec.h, IOUSBHostFamily.h, IOHIDKeys.h,
IOPCIDevice.h, IOMedia.h, IOBSD.h for the keys.
Invariant: data only.
"""

from typing import NamedTuple

DEVICE_CLASSES: dict[tuple[str, str], str] = {
    ("usb", "usb_device"): "IOUSBHostDevice",
    ("usb", "usb_interface"): "IOUSBHostInterface",
    ("pci", ""): "IOPCIDevice",
    ("acpi", ""): "IOACPIPlatformDevice",
    ("pnp", ""): "IOACPIPlatformDevice",
    ("platform", ""): "IOPlatformDevice",
    ("uio", ""): "IOPlatformDevice",
    ("cpu", ""): "IOCPU",
    ("net", ""): "IONetworkInterface",
    ("net", "wlan"): "IO80211Interface",
    ("ieee80211", ""): "IO80211Controller",
    ("block", ""): "IOMedia",
    ("hid", ""): "IOHIDDevice",
    ("hidraw", ""): "IOHIDInterface",
    ("usb-serial", ""): "IOSerialStreamSync",
    ("scsi", "scsi_host"): "IOSCSIProtocolInterface",
    ("scsi", "scsi_target"): "IOSCSITargetDevice",
    ("scsi", "scsi_device"): "IOSCSILogicalUnitNub",
    ("nvme", ""): "IONVMeController",
    ("graphics", ""): "IOFramebuffer",
    ("drm", "drm_connector"): "IODisplayConnect",
    ("drm", "drm_minor"): "IOAccelerator",
    ("power_supply", ""): "IOPMPowerSource",
    ("watchdog", ""): "IOWatchDogTimer",
    ("bluetooth", "host"): "IOBluetoothHCIController",
    ("thunderbolt", "thunderbolt_device"): "IOThunderboltSwitch",
    ("firewire", "firewire_device"): "IOFireWireDevice",
    ("firewire", "firewire_unit"): "IOFireWireUnit",
}
"""By (subsystem, devtype), else by (subsystem, empty)."""

NAMED_CLASSES: tuple[tuple[str, str, str], ...] = (
    ("usb", "usb", "IOUSBRootHubDevice"),  # usb1: the kernel's name of a root hub
    ("input", "input", "IOHIDEventService"),  # input7; its eventN is a file, no service
    ("sound", "card", "IOAudioDevice"),
    ("sound", "pcm", "IOAudioEngine"),
    ("tty", "ttyS", "IOSerialBSDClient"),
    ("tty", "ttyUSB", "IOSerialBSDClient"),
    ("tty", "ttyACM", "IOSerialBSDClient"),
    ("tty", "ttyAMA", "IOSerialBSDClient"),
)
"""(subsystem, start of the sysname up to a number or capital, class); before `DEVICE_CLASSES`."""

DRIVER_CLASSES: dict[str, str] = {
    "usb": "IOUSBHostCompositeDevice",
    "hub": "IOUSBHostHub",
    "usbhid": "IOUSBHostHIDDevice",
    "usb-storage": "IOUSBMassStorageDriver",
    "uas": "IOUSBMassStorageDriver",
    "xhci_hcd": "IOUSBHostController",
    "ehci_hcd": "IOUSBHostController",
    "ehci-pci": "IOUSBHostController",
    "ohci_hcd": "IOUSBHostController",
    "ohci-pci": "IOUSBHostController",
    "uhci_hcd": "IOUSBHostController",
    "hid-generic": "IOHIDEventDriver",
    "generic-usb": "IOHIDEventDriver",
    "hid-multitouch": "IOHIDEventDriver",
    "wacom": "IOHIDEventDriver",
    "atkbd": "IOHIDEventDriver",
    "psmouse": "IOHIDEventDriver",
    "pcieport": "IOPCI2PCIBridge",
    "ahci": "IOAHCIController",
    "nvme": "IONVMeController",
    "sd": "IOBlockStorageDriver",
    "sr": "IOBlockStorageDriver",
    "mmcblk": "IOBlockStorageDriver",
    "virtio_blk": "IOBlockStorageDriver",
    "virtio_net": "IOEthernetController",
    "e1000": "IOEthernetController",
    "e1000e": "IOEthernetController",
    "igb": "IOEthernetController",
    "igc": "IOEthernetController",
    "r8168": "IOEthernetController",
    "r8169": "IOEthernetController",
    "smsc95xx": "IOEthernetController",
    "tg3": "IOEthernetController",
    "iwlwifi": "IO80211Controller",
    "ath9k": "IO80211Controller",
    "ath10k_pci": "IO80211Controller",
    "snd_hda_intel": "IOAudioDevice",
    "snd-usb-audio": "IOAudioDevice",
    "i915": "IOAccelerator",
    "amdgpu": "IOAccelerator",
    "nouveau": "IOAccelerator",
    "nvidia": "IOAccelerator",
    "radeon": "IOAccelerator",
    "serial": "IOSerialStreamSync",
    "serial8250": "IOSerialStreamSync",
    "cdc_acm": "IOSerialStreamSync",
    "ftdi_sio": "IOSerialStreamSync",
    "qcserial": "IOSerialStreamSync",
    "battery": "IOPMPowerSource",
    "ac": "IOPMPowerSource",
    "btusb": "IOBluetoothHCIController",
    "uvcvideo": "IOUSBVideoDriver",
}
"""The service of a bound kernel driver; without a row, `IO<Driver>Driver`."""


DRIVEN_BUSES = frozenset(
    {
        "ac97", "acpi", "amba", "ap", "auxiliary", "bcma", "ccw", "cdx", "coreboot", "css", "cxl",
        "dax", "dfl", "eisa", "faux", "firewire", "fsi", "fsl-mc", "gameport", "greybus",
        "hdaudio", "hid", "host1x", "hsi", "i2c", "i3c", "intel_th", "ipack", "isa", "ishtp",
        "macio", "mcb", "mdio_bus", "mei", "memstick", "mhi", "mmc", "nd", "ntb", "omapdss",
        "parport", "pci", "pci-epf", "pci_express", "pcmcia", "peci", "platform", "pnp", "rapidio",
        "rmi4", "rpmsg", "scmi_protocol", "scsi", "sdio", "serial", "serial-base", "serio",
        "siox", "slimbus", "soundwire", "spi", "spmi", "ssb", "surface_aggregator", "tee",
        "thunderbolt", "typec", "ulpi", "usb", "usb-serial", "vdpa", "vio", "virtio", "vme",
        "vmbus", "w1", "wmi", "xen", "xen-backend", "zorro",
    }
)  # fmt: skip
"""Subsystems whose devices wait for a driver: buses that drivers register with. Devices of every
other one (net, block, tty, cpu …) are only said to have a driver where one is bound.
Source: kernel bus_register() and its callers; `bus_type` in drivers/."""

UNDRIVEN_TYPES = frozenset({("scsi", "scsi_host"), ("scsi", "scsi_target")})
"""Device types on such a bus that its `match` refuses to every driver (scsi_bus_match)."""


class Key(NamedTuple):
    """One sysfs attribute as an IOKit property.

    `form`: ``hex`` and ``dec`` are numbers, ``text`` is text, ``data`` the attribute's bytes,
    ``data4`` a hexadecimal number as four bytes little-endian, as IOPCIFamily keeps it.
    """

    attribute: str
    key: str
    form: str = "text"


_USB = (
    Key("idVendor", "idVendor", "hex"),
    Key("idProduct", "idProduct", "hex"),
    Key("bcdDevice", "bcdDevice", "hex"),
    Key("bDeviceClass", "bDeviceClass", "hex"),
    Key("bDeviceSubClass", "bDeviceSubClass", "hex"),
    Key("bDeviceProtocol", "bDeviceProtocol", "hex"),
    Key("bMaxPacketSize0", "bMaxPacketSize0", "dec"),
    Key("bNumConfigurations", "bNumConfigurations", "dec"),
    Key("bInterfaceNumber", "bInterfaceNumber", "hex"),
    Key("bAlternateSetting", "bAlternateSetting", "dec"),
    Key("bInterfaceClass", "bInterfaceClass", "hex"),
    Key("bInterfaceSubClass", "bInterfaceSubClass", "hex"),
    Key("bInterfaceProtocol", "bInterfaceProtocol", "hex"),
    Key("bNumEndpoints", "bNumEndpoints", "hex"),
    Key("bConfigurationValue", "bConfigurationValue", "dec"),
    Key("busnum", "USB Bus Number", "dec"),
    Key("devnum", "USB Address", "dec"),
    Key("manufacturer", "USB Vendor Name"),
    Key("manufacturer", "kUSBVendorString"),
    Key("product", "USB Product Name"),
    Key("product", "kUSBProductString"),
    Key("serial", "USB Serial Number"),
    Key("serial", "kUSBSerialNumberString"),
    Key("interface", "kUSBString"),
    Key("authorized", "LinuxAuthorized", "dec"),
)

ATTRIBUTE_KEYS: dict[str, tuple[Key, ...]] = {
    "usb": _USB,
    "pci": (
        Key("vendor", "vendor-id", "data4"),
        Key("device", "device-id", "data4"),
        Key("subsystem_vendor", "subsystem-vendor-id", "data4"),
        Key("subsystem_device", "subsystem-id", "data4"),
        Key("class", "class-code", "data4"),
        Key("revision", "revision-id", "data4"),
        Key("irq", "LinuxIRQ", "dec"),
        Key("numa_node", "LinuxNUMANode", "dec"),
    ),
    "net": (
        Key("mtu", "IOMaxTransferUnit", "dec"),
        Key("type", "LinuxHardwareType", "dec"),
        Key("ifindex", "LinuxInterfaceIndex", "dec"),
        Key("operstate", "LinuxOperationalState"),
    ),
    "block": (),
    "input": (
        Key("name", "Product"),
        Key("phys", "PhysicalDeviceUniqueID"),
        Key("uniq", "SerialNumber"),
    ),
    "hid": (
        Key("report_descriptor", "ReportDescriptor", "data"),
        Key("bcdDevice", "VersionNumber", "hex"),
        Key("bInterfaceSubClass", "bInterfaceSubClass", "hex"),
        Key("bInterfaceProtocol", "bInterfaceProtocol", "hex"),
    ),
    "acpi": (Key("hid", "name"), Key("uid", "_UID"), Key("path", "acpi-path")),
    "pnp": (Key("id", "name"),),
    "scsi": (
        Key("vendor", "Vendor Identification"),
        Key("model", "Product Identification"),
        Key("rev", "Product Revision Level"),
        Key("type", "Peripheral Device Type", "dec"),
    ),
    "nvme": (
        Key("model", "Model Number"),
        Key("serial", "Serial Number"),
        Key("firmware_rev", "Firmware Revision"),
        Key("transport", "Physical Interconnect"),
    ),
}
"""Attributes with a key of their own; the rest of `runtime.model.sysfs` keeps its name."""

USB_SPEEDS = {"12": 1, "1.5": 2, "480": 3, "5000": 4, "10000": 5, "20000": 6}
"""Mbit/s in sysfs to `USBSpeed`'s numbers (tIOUSBHostConnectionSpeed; xHCI 7.2.2.1.1)."""

HID_TRANSPORTS = {0x03: "USB", 0x05: "Bluetooth", 0x18: "I2C", 0x06: "Virtual"}
"""HID_ID's bus number (uapi/linux/input.h) to `Transport`."""

NUMBER_PROPERTIES = frozenset(
    {
        "MAJOR",
        "MINOR",
        "IFINDEX",
        "DISKSEQ",
        "PARTN",
        "NPARTS",
        "USEC_INITIALIZED",
        "ID_PART_ENTRY_NUMBER",
        "ID_PART_ENTRY_OFFSET",
        "ID_PART_ENTRY_SIZE",
        "ID_PATH_ATA_COMPAT_LEVEL",
        "POWER_SUPPLY_VOLTAGE_NOW",
        "POWER_SUPPLY_CAPACITY",
        "POWER_SUPPLY_ENERGY_FULL",
        "POWER_SUPPLY_ENERGY_NOW",
    }
)
"""udev properties that are decimal numbers; all others stay text, leading zeros and all."""
