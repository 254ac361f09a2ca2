# What this project uses of pyusb 1.3.
from usb.core import Device

def dispose_resources(device: Device) -> None: ...
