"""Where a USB device is plugged in, from the kernel's name of it, as IOKit writes it.

Source: kernel drivers/usb/core/usb.c (`1-2.3`: bus 1, ports 2 and 3); USBSpec.h (locationID).
Invariant: a pure function of the name.
"""

import re

_PORT = re.compile(r"(?:usb)?(\d{1,9})(?:-(\d{1,9}(?:\.\d{1,9})*))?(?::\d+\.\d+)?")


def usb_location(sysname: str) -> int:
    """`locationID` of a device or interface: bus in the top byte, then one nibble for each port.

    0 for what is no USB name.
    """
    found = _PORT.fullmatch(sysname)
    if not found:
        return 0
    location = int(found[1]) << 24
    ports = found[2].split(".") if found[2] else []
    for depth, port in enumerate(ports[:6]):
        location |= (int(port) & 0xF) << (20 - 4 * depth)
    return location & 0xFFFF_FFFF
