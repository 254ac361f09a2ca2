"""`ioreg -f`: what device-tree properties mean, and longer data as a hexadecimal dump.

Source: IOKitTools, ioreg.c (printProp and its kin). Where Apple's tool stops with an assertion or
divides by zero (a value of another kind, cells that nobody gives), the plain form stands.
Invariant: a pure function of the entries and the width.
"""

import struct
from collections.abc import Iterable, Sequence

from runtime.interchange.ioreg_values import Values
from runtime.interchange.registry_file import properties_of
from runtime.model.entry import Entry
from runtime.model.properties import Value

_SPACES = ("Config", "I/O", "Mem", "64-bit")
_ADDRESS = struct.Struct("<5I")  # hi, mid, lo, size hi, size lo
_TITLES = ("-child--", "-parent-", "-size---")
_SHORT = 8  # bytes; longer data is dumped
_WIDEST = 32  # bytes a line of a dump


class Smart:
    """Formats the properties of entries.

    Args:
        device_tree: The entries of the IODeviceTree plane, with their parents there.
        values: The plain form of values.
        hexadecimal: Option -x.
        width: Option -w; 0: unlimited.
    """

    def __init__(
        self, device_tree: Iterable[Entry], values: Values, hexadecimal: bool, width: int
    ) -> None:
        self._above: dict[int, Entry] = {}
        by_id: dict[int, Entry] = {}
        for entry in device_tree:
            by_id[entry.id] = entry
        for entry in by_id.values():
            if entry.parent in by_id:
                self._above[entry.id] = by_id[entry.parent]
        self._handles: dict[bytes, Entry] | None = None
        self._all = by_id
        self._values = values
        self._hex = hexadecimal
        self._width = width

    def show(self, key: str, value: Value, entry: Entry, depth: int) -> list[str]:
        """What follows `"key" = `, and the lines after it, which need their indentation."""
        special: list[str] | None = None
        if isinstance(value, bytes):
            if key == "reg":
                above = self._above.get(entry.id)
                if above is not None and above.name.startswith("pci"):
                    special = _addresses(value)
            elif key == "assigned-addresses":
                special = _addresses(value)
            elif key == "slot-names":
                special = _slots(value)
            elif key == "ranges":
                special = self._ranges(value, entry)
            elif key == "interrupt-map":
                special = self._interrupt_map(value, entry)
            elif key == "interrupts":
                special = _interrupts(value)
            elif key == "interrupt-parent" and len(value) >= 4:
                special = [f"<{_cells(value)[0]:08x}>" + self._path_of(value[:4], " ({})")]
            return self._data(value, depth) if special is None else special
        return [self._values.show(value)]

    def _data(self, data: bytes, depth: int) -> list[str]:
        """Text, or up to 8 bytes, on the line; more as a dump."""
        if not self._hex and len(data) > 1 and (text := _strings(data)):
            return [text]
        if len(data) <= _SHORT:
            return [f"<{data.hex()}>"]
        room = (self._width - 20 - 2 * depth) & 0xFFFF_FFFF  # C's unsigned arithmetic
        step = max(1, min(room // 4, _WIDEST))
        lines = [""]
        for at in range(0, len(data), step):
            part = data[at : at + step]
            shown = "".join(f" {byte:02x}" for byte in part).ljust(3 * step)
            text = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in part)
            lines.append(f"    {at:08x}:{shown} {text}")
        return lines

    def _ranges(self, value: bytes, entry: Entry) -> list[str] | None:
        """`ranges`: child address, parent address, size, in cells."""
        if not value:
            return ["<>"]
        above = self._above.get(entry.id)
        counts = (
            self._inherited(entry, "#address-cells"),
            self._inherited(above, "#address-cells"),
            self._inherited(entry, "#size-cells"),
        )
        size = sum(counts)
        if size == 0:
            return None
        title = "    "
        for name, count in zip(_TITLES, counts, strict=True):
            title += name
            title += "-" + "---------" * (count - 2) + "-------- " if count > 1 else " "
        cells = _cells(value)
        rows = (cells[at : at + size] for at in range(0, len(cells) - size + 1, size))
        return ["", title, *("    " + _row(row) for row in rows)]

    def _interrupt_map(self, value: bytes, entry: Entry) -> list[str]:
        """`interrupt-map`: child specifier, parent's handle, parent specifier."""
        cells = _cells(value)
        child = self._inherited(entry, "#address-cells") + self._inherited(
            entry, "#interrupt-cells"
        )
        lines = [""]
        at = number = 0
        while at + child < len(cells):
            handle = struct.pack("<I", cells[at + child])
            parent = self._by_handle(handle)
            count = self._inherited(parent, "#address-cells") + self._inherited(
                parent, "#interrupt-cells"
            )
            lines.append(f"    {number:02d}:   child: {_row(cells[at : at + child])}")
            at += child
            lines.append(f"        phandle: {cells[at]:08x} ({self._path_of(handle, '{}')})")
            lines.append(f"         parent: {_row(cells[at + 1 : at + 1 + count])}")
            at += 1 + count
            number += 1
        return lines

    def _inherited(self, entry: Entry | None, key: str) -> int:
        """A number of the entry or of the nearest one above that gives it; 0 without any."""
        at = entry
        for _ in range(len(self._above) + 1):
            if at is None:
                break
            value = properties_of(at).get(key)
            if isinstance(value, bytes) and len(value) >= 4:
                return min(_cells(value)[0], 16)
            at = self._above.get(at.id)
        return 0

    def _by_handle(self, handle: bytes) -> Entry | None:
        if self._handles is None:
            self._handles = {}
            for entry in self._all.values():
                found = properties_of(entry).get("AAPL,phandle")
                if isinstance(found, bytes):
                    self._handles.setdefault(found, entry)
        return self._handles.get(handle)

    def _path_of(self, handle: bytes, form: str) -> str:
        at = self._by_handle(handle)
        parts: list[str] = []
        while at is not None and at.id in self._above and len(parts) < len(self._above):
            parts.append(at.title.replace("/", "!") if at.name != "/" else "")
            at = self._above[at.id]
        path = "/" + "/".join(reversed([part for part in parts if part]))
        return form.format(path) if parts else ""


def _cells(value: bytes) -> Sequence[int]:
    """Little-endian words; what is left over at the end is not shown."""
    return struct.unpack_from(f"<{len(value) // 4}I", value)


def _row(cells: Sequence[int]) -> str:
    return "".join(f"{cell:08x} " for cell in cells)


def _addresses(value: bytes) -> list[str]:
    """PCI addresses (IEEE 1275 PCI binding): five cells each."""
    if not value:
        return ["<>"]
    lines = [""]
    whole = value[: len(value) // _ADDRESS.size * _ADDRESS.size]
    for number, (hi, mid, lo, size_hi, size_lo) in enumerate(_ADDRESS.iter_unpack(whole)):
        lines += [
            f"    {number:02d}: phys.hi: {hi:08x} phys.mid: {mid:08x} phys.lo: {lo:08x}",
            f"        size.hi: {size_hi:08x} size.lo: {size_lo:08x}",
            f"        bus: {hi >> 16 & 0xFF} dev: {hi >> 11 & 0x1F} func: {hi >> 8 & 7} "
            f"reg: {hi & 0xFF}",
            f"        type: {_SPACES[hi >> 24 & 3]} flags: {'abs' if hi >> 31 else 'rel'}"
            f"{', prefetch' if hi >> 30 & 1 else ''}{', alias' if hi >> 29 & 1 else ''}",
        ]
    return lines


def _slots(value: bytes) -> list[str]:
    """`slot-names`: a mask of slots, then their names."""
    if len(value) < 4 or not (mask := _cells(value)[0]):
        return ["<>"]
    names = iter(value[4:].split(b"\0"))
    slots = (slot for slot in range(32) if mask >> slot & 1)
    return [
        "",
        *(f"    {slot:02d}: {next(names, b'').decode('ascii', 'replace')}" for slot in slots),
    ]


def _interrupts(value: bytes) -> list[str]:
    """`interrupts`: pairs of specifier and sense, and perhaps one of the parent's map."""
    cells = _cells(value)
    lines = [""]
    for number, at in enumerate(range(0, len(cells), 2)):
        if at + 1 == len(cells):
            lines.append(f"    {number:02d}: parent interrupt-map entry: {cells[at]:08x}")
            break
        vector, sense = cells[at], cells[at + 1]
        wide = f"HyperTransport vector: {sense >> 16:04x}, " if sense & 2 else ""
        lines.append(
            f"    {number:02d}: specifier: {vector:08x} (vector: {vector & 0xFF:02x}) "
            f"sense: {sense:08x} ({wide}{'level' if sense & 1 else 'edge'})"
        )
    return lines


def _strings(data: bytes) -> str:
    """Strings with zero padding in between and at the end; empty where it is no text."""
    body = data.rstrip(b"\0")
    parts = body.split(b"\0")
    normal = sum(0x20 <= byte < 0x7F for byte in body)
    symbols = sum(0x80 <= byte <= 0xFE for byte in body)
    if not normal or not all(parts) or normal >> 2 < symbols:
        return ""
    if normal + symbols + len(parts) - 1 != len(body):
        return ""
    quoted = (part.decode("utf-8", "surrogateescape") for part in parts)
    return "<" + ",".join(f'"{part}"' for part in quoted) + ">"
