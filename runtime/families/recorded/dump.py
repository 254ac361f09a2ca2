"""Reads a umockdev dump: the USB device that was recorded, its descriptors, its attributes.

A record a device, in letters: `P:` path, `N:` node, with its content in hexadecimal behind `=`,
`A:` text attribute with backslash escapes, `H:` attribute in hexadecimal, `E:` property.
Source: umockdev docs/script-format.txt, src/umockdev.vala.
Invariant: pure; the first USB device of a dump is the recorded one, what follows are its parents.
"""

import msgspec

from runtime.model.errors import ProblemError
from runtime.model.usb import Speed

STRINGS = ("manufacturer", "product", "serial")
"""Attributes that are strings of the device."""

_SPEEDS = {"1.5": Speed.LOW, "12": Speed.FULL, "480": Speed.HIGH}


class Dumped(msgspec.Struct, frozen=True):
    """A device of a dump; `node` is its path below /dev."""

    descriptors: bytes
    attributes: dict[str, str]
    node: str = ""

    @property
    def address(self) -> tuple[int, int]:
        """Bus number and device number, as captures of the time name it."""
        bus, _, number = self.node.removeprefix("bus/usb/").partition("/")
        return (int(bus), int(number)) if bus.isdecimal() and number.isdecimal() else (0, 0)

    @property
    def configuration(self) -> int:
        """The value of the active configuration."""
        value = self.attributes.get("bConfigurationValue", "").strip()
        return int(value) if value.isdecimal() else 1

    @property
    def speed(self) -> Speed:
        """How it was connected."""
        return _SPEEDS.get(self.attributes.get("speed", "").strip(), Speed.SUPER)


def looks_like(data: bytes) -> bool:
    """Whether a file is a dump: its first record begins near its top."""
    return any(line.startswith(b"P: /devices/") for line in data[:4096].splitlines())


def read(data: bytes, name: str) -> Dumped:
    """The recorded device of a dump.

    Raises:
        ProblemError: ``invalid``: there is no USB device in it.
    """
    node, raw, attributes, found = "", b"", dict[str, str](), False
    for line in [*data.decode("utf-8", "replace").splitlines(), "P: "]:
        letter, _, text = line.partition(": ")
        key, _, value = text.partition("=")
        if letter == "P" and found:
            return Dumped(raw, attributes, node)
        if letter == "P":
            node, raw, attributes = "", b"", {}
        elif letter == "E" and text == "DEVTYPE=usb_device":
            found = True
        elif letter == "N" and value:
            node, raw = key, raw or _hexadecimal(value, name)
        elif letter == "H" and key == "descriptors":
            raw = _hexadecimal(value, name)
        elif letter == "A":
            attributes[key] = value.replace("\\n", "\n").replace("\\\\", "\\")
    raise ProblemError("invalid", f"{name}: expected the dump of a USB device, found none in it")


def _hexadecimal(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        found = ascii(text[:40])
        raise ProblemError(
            "invalid", f"{name}: expected hexadecimal digits, found {found}"
        ) from None
