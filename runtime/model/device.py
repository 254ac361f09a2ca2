"""What the machine says of one device: the raw facts below a registry entry.

Source: kernel Documentation/admin-guide/sysfs-rules.rst; libudev.
Invariant: facts only; which IOKit class they become is `runtime.registry.mapping`'s.
"""

import enum

import msgspec


class Device(msgspec.Struct, frozen=True):
    r"""One sysfs device.

    `syspath` starts with ``/sys/devices/``; `parent` is the nearest ancestor that is a device,
    or empty. `properties` are udev's (the uevent's own where no udevd runs), `attributes` the
    sysfs attributes that were readable, without trailing newline, undecodable bytes kept by
    surrogateescape. `providers` are the syspaths of the devices that it is made of beside its
    parent: the slaves of a block device, the ports of a bridge. `firmware` is the path of the node
    that describes it: Devicetree's ``/soc/usb@7e980000``, ACPI's ``\_SB_.PCI0.XHC_``, or empty.
    """

    syspath: str
    sysname: str
    subsystem: str
    devtype: str = ""
    driver: str = ""
    parent: str = ""
    properties: dict[str, str] = {}
    attributes: dict[str, str] = {}
    providers: tuple[str, ...] = ()
    firmware: str = ""


class Action(enum.Enum):
    """What a uevent says (kernel lib/kobject_uevent.c)."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"
    MOVE = "move"
    ONLINE = "online"
    OFFLINE = "offline"
    BIND = "bind"
    UNBIND = "unbind"


class Uevent(msgspec.Struct, frozen=True):
    """One event: the device as it was when the event was read; of `REMOVE`, only its names."""

    action: Action
    device: Device
