"""Facts of a device that are read only when somebody looks at it: which family reads them.

Blocks; runs in a worker process.
"""

from runtime.families.hid import details as hid
from runtime.families.usb import details as usb
from runtime.model.device import Device
from runtime.wire.client import Details


def describe(device: Device) -> Details:
    """Read the details of a USB or HID device; of others there are none, and it says so."""
    if device.subsystem == "usb":
        return usb.describe(device)
    if device.subsystem in ("hid", "hidraw"):
        return hid.describe(device)
    return Details((), f"a device of subsystem {device.subsystem} has no further details")
