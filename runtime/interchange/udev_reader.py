"""Reads `udevadm info --export-db`: one record a device, in the letters of udevadm(8).

`P:` path, `N:` node, `L:` link priority, `S:` symlink, `E:` property; since systemd 251 also
`M R U T D V I Q J`. A line without a letter belongs to the value before it, which held a line feed.
Source: systemd src/udev/udevadm-info.c. Invariant: pure; text that is not UTF-8 keeps its bytes.
"""

import re

from runtime.interchange.registry_file import Warnings
from runtime.model.device import Device

FORMAT = "udev database"
_LINE = re.compile(r"([A-Z]): ?(.*)")
_RECORD = re.compile(rb"(?:\A|\n)P: /")
_FALLBACKS = {"U": "SUBSYSTEM", "T": "DEVTYPE", "V": "DRIVER"}


def looks_like(data: bytes) -> bool:
    """Whether a file is a database: a record begins near its top."""
    return _RECORD.search(data[: 64 << 10]) is not None


def read(data: bytes, warnings: Warnings) -> list[Device]:
    """The devices of a database, parents before their children.

    A record without a subsystem, or outside `/devices`, is no device (as on a live machine) and is
    passed over; a path that comes twice keeps the properties of both.
    """
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    found: dict[str, dict[str, str]] = {}
    record: dict[str, str] | None = None
    last = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            record = None
            continue
        match = _LINE.fullmatch(line)
        if match is not None and match[1] == "P":
            if match[2] in found:
                warnings.add(f"line {number}: expected each path once, found {match[2]} again")
            record, last = found.setdefault(match[2], {}), ""
        elif record is None:
            warnings.add(f"line {number}: expected a record's `P:`, found {line[:60]!r}")
        elif match is None:
            if last:
                record[last] += "\n" + line
            else:
                warnings.add(f"line {number}: expected a letter and a colon, found {line[:60]!r}")
        elif match[1] == "E":
            last, equals, value = match[2].partition("=")
            if equals:
                record[last] = value
            else:
                warnings.add(f"line {number}: expected key=value, found {line[:60]!r}")
                last = ""
        elif match[1] in _FALLBACKS:
            record.setdefault(_FALLBACKS[match[1]], match[2])
    return [
        _device(path, found)
        for path in sorted(found)
        if path.startswith("/devices/") and found[path].get("SUBSYSTEM")
    ]


def _device(path: str, found: dict[str, dict[str, str]]) -> Device:
    values = found[path]
    above = path.rpartition("/")[0]
    while above and not found.get(above, {}).get("SUBSYSTEM"):
        above = above.rpartition("/")[0]
    return Device(
        "/sys" + path,
        path.rpartition("/")[2].replace("!", "/"),
        values["SUBSYSTEM"],
        values.get("DEVTYPE", ""),
        values.get("DRIVER", ""),
        "/sys" + above if above else "",
        values,
        firmware=values.get("OF_FULLNAME", ""),
    )
