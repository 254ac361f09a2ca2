"""The module that stands for `hid`: whatever library asks for, it has."""

import hidraw

from runtime.host import hid_package, hidapi


def _public(of: object) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


def test_it_has_what_hidapi_has() -> None:
    """Name by name, but for what the extension module itself imports."""
    assert _public(hidraw) - {"sys", "weakref"} <= _public(hid_package)
    assert _public(hidraw.device) <= _public(hidapi.device)


def test_a_device_takes_what_hidapis_takes() -> None:
    """Libraries hand numbers to it before they open it."""
    assert hid_package.device(0x1209, 3, None).error() == hid_package.device().error()
