"""What the machine calls itself: firmware's product name, else its architecture.

Source: kernel Documentation/ABI/testing/sysfs-firmware-dmi-tables; Devicetree Specification 2.3.2.
Invariant: reads only; never empty.
"""

import os
from pathlib import Path

_SOURCES = (
    Path("/sys/class/dmi/id/product_name"),
    Path("/sys/firmware/devicetree/base/model"),
)


def model_name() -> str:
    """The model of this machine, e.g. ``ThinkPad X1 Carbon``."""
    for source in _SOURCES:
        try:
            found = source.read_bytes()[:128].strip(b"\0 \n").decode("utf-8", "replace")
        except OSError:
            continue
        if found:
            return found
    return f"Linux {os.uname().machine}"
