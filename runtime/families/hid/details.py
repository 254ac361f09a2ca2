"""HID facts in words: hidapi's, and the report descriptor from sysfs. May block: for workers.

Source: HID 1.11 section 6.2.2; kernel Documentation/ABI/testing/sysfs-driver-hid.
Invariant: reads; never opens the device's node for reports.
"""

from collections.abc import Mapping
from pathlib import Path

import hidraw

from runtime.families.hid import words
from runtime.families.hid.usages import page_words, usage_words
from runtime.model.device import Device
from runtime.model.hid import Usage
from runtime.wire.commands.registry import Details, Section

Row = tuple[int, str, str]


def describe(device: Device) -> Details:
    """What hidapi says of a HID device, and its report descriptor."""
    owner = Path(device.syspath)
    if device.subsystem == "hidraw":
        owner = Path(device.parent)
    nodes = {f"/dev/{path.name}" for path in owner.glob("hidraw/hidraw*")}
    found = [info for info in hidraw.enumerate() if _path(info) in nodes]
    sections = [
        Section(f"Collection {number}", tuple(_rows(info))) for number, info in enumerate(found)
    ]
    sections += words.sections(_report_descriptor(owner))
    note = "" if found else f"{device.sysname}: hidapi sees no hidraw node of it"
    return Details(tuple(sections), note)


def _rows(info: Mapping[str, object]) -> list[Row]:
    page, usage = _int(info, "usage_page"), _int(info, "usage")
    return [
        (0, "Node", _path(info)),
        (0, "Vendor", _identity(info, "vendor_id", "manufacturer_string")),
        (0, "Product", _identity(info, "product_id", "product_string")),
        (0, "Serial number", _text(info, "serial_number") or "none"),
        (0, "Release", f"0x{_int(info, 'release_number'):04x}"),
        (0, "Usage page", f"0x{page:04x} ({page_words(page)})"),
        (0, "Usage", f"0x{usage:04x} ({usage_words(Usage(page, usage))})"),
    ]


def _identity(info: Mapping[str, object], number: str, name: str) -> str:
    return f"0x{_int(info, number):04x} {_text(info, name)}".strip()


def _report_descriptor(owner: Path) -> bytes:
    try:
        return (owner / "report_descriptor").read_bytes()
    except OSError:
        return b""


def _path(info: Mapping[str, object]) -> str:
    path = info.get("path", b"")
    return path.decode("utf-8", "replace") if isinstance(path, bytes) else ""


def _int(info: Mapping[str, object], key: str) -> int:
    value = info.get(key)
    return value if isinstance(value, int) else 0


def _text(info: Mapping[str, object], key: str) -> str:
    value = info.get(key)
    return value if isinstance(value, str) else ""
