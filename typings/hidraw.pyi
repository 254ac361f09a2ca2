# What this project uses of hidapi 0.14 and 0.15 (module `hidraw`: its kernel back end).
from typing import Any

def enumerate(vendor_id: int = ..., product_id: int = ...) -> list[dict[str, Any]]: ...

class device: ...  # noqa: N801 - hidapi's name
