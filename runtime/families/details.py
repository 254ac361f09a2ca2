"""Facts of a present device that are read only when somebody looks at it. May block: for workers.

Invariant: reads; never opens a device for use, never changes it.
"""

from runtime.families.hid import details as hid
from runtime.families.usb import details as usb
from runtime.model.device import Device
from runtime.wire.commands.registry import Details


def describe(device: Device) -> Details:
    """USB descriptors or HID facts of a device; for others a note that says so."""
    if device.subsystem == "usb":
        return usb.describe(device)
    if device.subsystem in {"hid", "hidraw"}:
        return hid.describe(device)
    return Details((), f"{device.sysname} is neither a USB nor a HID device: no further facts")
