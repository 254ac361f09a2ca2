"""HID facts in words: hidapi's, and the report descriptor from sysfs. May block: for workers.

Source: HID 1.11 section 6.2.2; kernel Documentation/ABI/testing/sysfs-driver-hid.
Invariant: reads; never opens the device's node for reports.
"""

from collections.abc import Mapping
from pathlib import Path

import hidraw

from runtime.model.device import Device
from runtime.wire.commands.registry import Details, Section

Row = tuple[int, str, str]

USAGE_PAGES = {
    0x01: "generic desktop",
    0x02: "simulation",
    0x05: "game",
    0x06: "generic device",
    0x07: "keyboard",
    0x08: "LED",
    0x09: "button",
    0x0B: "telephony",
    0x0C: "consumer",
    0x0D: "digitizer",
    0x0F: "haptics",
    0x20: "sensor",
    0x84: "power device",
    0x85: "battery system",
    0xF1D0: "FIDO alliance",
}
_LINE = 16  # bytes of a report descriptor a row


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
    descriptor = _report_descriptor(owner)
    if descriptor:
        title = f"Report descriptor, {len(descriptor)} bytes"
        sections.append(Section(title, tuple(_hex_rows(descriptor))))
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
        (0, "Usage page", f"0x{page:04x} ({_page_words(page)})"),
        (0, "Usage", f"0x{usage:04x}"),
    ]


def _identity(info: Mapping[str, object], number: str, name: str) -> str:
    return f"0x{_int(info, number):04x} {_text(info, name)}".strip()


def _page_words(page: int) -> str:
    return USAGE_PAGES.get(page, "vendor defined" if page >= 0xFF00 else "reserved")


def _report_descriptor(owner: Path) -> bytes:
    try:
        return (owner / "report_descriptor").read_bytes()
    except OSError:
        return b""


def _hex_rows(data: bytes) -> list[Row]:
    starts = range(0, len(data), _LINE)
    return [(0, f"{start:04x}", data[start : start + _LINE].hex(" ")) for start in starts]


def _path(info: Mapping[str, object]) -> str:
    path = info.get("path", b"")
    return path.decode("utf-8", "replace") if isinstance(path, bytes) else ""


def _int(info: Mapping[str, object], key: str) -> int:
    value = info.get(key)
    return value if isinstance(value, int) else 0


def _text(info: Mapping[str, object], key: str) -> str:
    value = info.get(key)
    return value if isinstance(value, str) else ""
