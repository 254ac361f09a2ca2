"""Reads what `lsusb -v` printed of a device: its descriptors, and nothing that it ever sent.

A descriptor is a heading and fields below it, `name value text`; versions are decimal, with a
point. What a class defines has headings of its own, and is left out.
Source: usbutils lsusb.c. Invariant: pure; text around the device, as in a report, does no harm.
"""

import re
import struct

from runtime.families.recorded.dump import Dumped
from runtime.model.errors import ProblemError

_HEADING = re.compile(r"\s*(\w[\w ]*?) ?Descriptors?:\s*")
_FIELD = re.compile(
    r"\s*([a-z]\w+|MaxPower)\s+(0x[0-9A-Fa-f]+|[0-9a-f]+\.[0-9a-f]{2}|\d+)(?:mA)?(?: +(\S.*))?"
)
_SPEED = re.compile(r"Negotiated speed: .*\(([\d.]+)Mbps\)")
_STANDARD = ("Device", "Configuration", "Interface", "Endpoint")

Table = dict[str, str]


def looks_like(data: bytes) -> bool:
    """Whether a file has such a device."""
    return re.search(rb"^\s*Device Descriptor:\s*$", data, re.MULTILINE) is not None


def read(data: bytes, name: str) -> Dumped:
    """The one device of such a text, its descriptors made again.

    Raises:
        ProblemError: ``invalid``: there are several, or a field is missing or out of range.
    """
    text = data.decode("utf-8", "replace")
    tables = _tables(text)
    devices = [table for heading, table in tables if heading == "Device"]
    if len(devices) != 1:
        raise ProblemError(
            "invalid", f"{name}: expected one device of `lsusb -v`, found {len(devices)}"
        )
    try:
        raw = _device(devices[0]) + b"".join(_configurations(tables))
        configuration = next(t for h, t in tables if h == "Configuration")["bConfigurationValue"]
    except (KeyError, StopIteration) as error:
        found = str(error) or "configuration"
        raise ProblemError(
            "invalid", f"{name}: expected a whole device of `lsusb -v`, found no {found}"
        ) from None
    except (struct.error, ValueError):
        raise ProblemError(
            "invalid", f"{name}: expected a device of `lsusb -v`, found a field out of range"
        ) from None
    strings = {key: devices[0].get(f"{key} text", "") for key in _STRINGS}
    speed = _SPEED.search(text)
    attributes = {attribute: strings[key] for key, attribute in _STRINGS.items()}
    return Dumped(
        raw,
        {**attributes, "bConfigurationValue": configuration, "speed": speed[1] if speed else "12"},
    )


_STRINGS = {"iManufacturer": "manufacturer", "iProduct": "product", "iSerial": "serial"}


def _tables(text: str) -> list[tuple[str, Table]]:
    found: list[tuple[str, Table]] = []
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            found.append((heading[1], {}))
            continue
        field = _FIELD.fullmatch(line.rstrip())
        if field is not None and found:
            found[-1][1].setdefault(field[1], field[2])
            found[-1][1].setdefault(f"{field[1]} text", field[3] or "")
    return [(heading, table) for heading, table in found if heading in _STANDARD]


def _device(table: Table) -> bytes:
    return struct.pack(
        "<BBHBBBBHHHBBBB",
        *(18, 1, _version(table["bcdUSB"])),
        *_numbers(table, "bDeviceClass bDeviceSubClass bDeviceProtocol bMaxPacketSize0"),
        *_numbers(table, "idVendor idProduct"),
        _version(table["bcdDevice"]),
        *_numbers(table, "iManufacturer iProduct iSerial bNumConfigurations"),
    )


def _configurations(tables: list[tuple[str, Table]]) -> list[bytes]:
    made: list[bytes] = []
    for heading, table in tables:
        if heading == "Configuration":
            head = "bNumInterfaces bConfigurationValue iConfiguration bmAttributes"
            power = int(table["MaxPower"]) // 2
            made.append(struct.pack("<BBH5B", 9, 2, 0, *_numbers(table, head), power))
        elif heading == "Interface" and made:
            made[-1] += bytes([9, 4, *_numbers(table, _INTERFACE)])
        elif heading == "Endpoint" and made:
            address, attributes, size, interval = _numbers(table, _ENDPOINT)
            made[-1] += struct.pack("<BBBBHB", 7, 5, address, attributes, size, interval)
    return [raw[:2] + struct.pack("<H", len(raw)) + raw[4:] for raw in made]


_INTERFACE = (
    "bInterfaceNumber bAlternateSetting bNumEndpoints bInterfaceClass bInterfaceSubClass "
    "bInterfaceProtocol iInterface"
)
_ENDPOINT = "bEndpointAddress bmAttributes wMaxPacketSize bInterval"


def _numbers(table: Table, names: str) -> list[int]:
    return [int(table[name], 0) for name in names.split()]


def _version(text: str) -> int:
    """A version such as 2.01 as the bus has it: 0x0201."""
    whole, _, part = text.partition(".")
    return int(whole, 16) << 8 | int(part, 16)
