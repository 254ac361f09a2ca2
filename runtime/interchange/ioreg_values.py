"""Property values as `ioreg` prints them.

Source: IOKitTools, ioreg.c (cfshow and its kin).
Invariant: a pure function of the value and the two options.
"""

from runtime.model.properties import Value

_UNSIGNED = (1 << 64) - 1
_BIDIRECTIONAL = (0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = dict.fromkeys((*range(32), 127, *range(128, 160), *_BIDIRECTIONAL))


class Values:
    """Formats values.

    Args:
        hexadecimal: Option -x: numbers and data in hexadecimal.
        terminal: Leave control characters out, so that a device's name cannot steer a terminal.
    """

    def __init__(self, hexadecimal: bool = False, terminal: bool = False) -> None:
        self._hex = hexadecimal
        self._terminal = terminal

    def show(self, value: Value) -> str:
        """One value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, int):
            return f"0x{value & _UNSIGNED:x}" if self._hex else str(value & _UNSIGNED)
        if isinstance(value, bytes):
            return self._data(value)
        if isinstance(value, list):
            return "(" + ",".join(self.show(item) for item in value) + ")"
        pairs = (f"{self.text(key)}={self.show(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"

    def text(self, text: str) -> str:
        """A string in its quotes; nothing in it is escaped."""
        return f'"{self.safe(text)}"'

    def _data(self, data: bytes) -> str:
        strings = None if self._hex or len(data) == 1 else _strings(data)
        if strings is None:
            return f"<{data.hex()}>"
        quoted = (f'"{self.safe(part.decode("utf-8", "surrogateescape"))}"' for part in strings)
        return "<" + ",".join(quoted) + ">"

    def safe(self, text: str) -> str:
        """Text from outside as it may go to where this prints."""
        return text.translate(_CONTROL) if self._terminal else text


def _strings(data: bytes) -> list[bytes] | None:
    """The strings that `data` is made of, or None where it does not look like text.

    Text is printable ASCII and bytes 128 to 254, the latter at most a quarter of the former.
    Strings are parted by one null, and one null may end the last.
    """
    body = data.removesuffix(b"\0")
    parts = body.split(b"\0")
    if not all(parts):
        return None
    normal = sum(0x20 <= byte < 0x7F for byte in body)
    symbols = sum(0x80 <= byte <= 0xFE for byte in body)
    if normal + symbols + len(parts) - 1 != len(body) or normal >> 2 < symbols:
        return None
    return parts
