# What this project uses of hidapi 0.14 and 0.15 (module `hid`: its libusb back end).
from typing import Any

def enumerate(vendor_id: int = ..., product_id: int = ...) -> list[dict[str, Any]]: ...
