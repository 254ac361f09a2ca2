"""What an ELF file tells of an address of its code: how its function keeps its caller, its name.

Its table of functions is searched as a linker made it to be, and of the call frame information only
the one entry is decoded: a whole library's takes seconds. Files come from bundles, too, and may
hold anything.
Source: System V ABI (ELF, AMD64), Linux Standard Base (.eh_frame, .eh_frame_hdr), DWARF 5, 6.4.
Invariant: bytes of any kind give an answer or none; what is read of a file is bounded.
"""

import bisect
import io
import struct
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct.lib.container import Container
from elftools.dwarf.callframe import FDE, CallFrameInfo, RegisterRule
from elftools.dwarf.structs import DWARFStructs
from elftools.elf.elffile import ELFFile

_SEGMENTS = 64  # a linker makes a dozen
_SECTIONS = 256
_TABLE = 8 << 20  # bytes of a table of symbols or functions; libpython has 0.5 MB
_ENTRY = 64 << 10  # bytes of what describes one function

_HEADER = struct.Struct("<4Bii")  # version, three encodings, where .eh_frame is, functions
_ENCODINGS = (1, 0x1B, 0x03, 0x3B)  # the version, and the encodings of every linker
_SYMBOL = struct.Struct("<IBBHQQ")  # name, type, visibility, section, value, size
_FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC
_DAMAGED = (
    *(ELFError, DWARFError, struct.error),
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError),
)
"""What pyelftools raises for bytes that are none (found by mutation)."""


class Row(NamedTuple):
    """How to go from an instruction to its caller.

    The caller's stack pointer is the register `base` and `offset` bytes; `saved` are the registers
    that lie in the stack, by their distance from there; `lost` have no value any more. `back` is
    the register with the return address. Registers by their numbers in DWARF.
    """

    base: int
    offset: int
    saved: Mapping[int, int]
    lost: frozenset[int]
    back: int


class ElfFile:
    """One file of a 64-bit little-endian machine; anything else has no answers."""

    def __init__(self, stream: IO[bytes]) -> None:
        """`stream` stays open for as long as this is used, and stays the caller's."""
        self._stream = stream
        self._segments: tuple[tuple[int, int, int], ...] = ()  # file offset, address, size
        self._starts: tuple[int, ...] = ()  # of functions, rising
        self._entries: tuple[int, ...] = ()  # of each, where its entry is
        self._symbols: tuple[tuple[int, int, str], ...] | None = None  # rising: start, end, name
        try:
            self._elf = ELFFile(stream)
            self._read_segments()
        except _DAMAGED:
            self._segments = ()

    def address(self, offset: int) -> int | None:
        """The address, as the file counts, of what is at an offset of the file."""
        for start, address, size in self._segments:
            if start <= offset < start + size:
                return address + offset - start
        return None

    def code(self, address: int, size: int) -> bytes:
        """The bytes from an address on; fewer where the segment ends."""
        for start, first, length in self._segments:
            if first <= address < first + length:
                self._stream.seek(start + address - first)
                return self._stream.read(min(size, first + length - address))
        return b""

    def row(self, address: int) -> Row | None:
        """How to leave the function at an address; None when the file does not say."""
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0:
            return None
        try:
            return self._row(self._entries[at], address)
        except _DAMAGED:
            return None

    def function(self, address: int) -> str:
        """The name of the function at an address; empty when the file does not name it."""
        if self._symbols is None:
            try:
                self._symbols = tuple(sorted(self._named()))
            except _DAMAGED:
                self._symbols = ()
        at = bisect.bisect_right(self._symbols, address, key=lambda symbol: symbol[0]) - 1
        for start, end, name in self._symbols[max(at, 0) : at + 1]:
            if start <= address < end:
                return name
        return ""

    # --- functions -----------------------------------------------------------------------------

    def _read_segments(self) -> None:
        if not (self._elf.elfclass == 64 and self._elf.little_endian):
            return
        if self._elf.num_segments() > _SEGMENTS:
            return
        headers = [segment.header for segment in self._elf.iter_segments()]
        self._segments = tuple(
            (header.p_offset, header.p_vaddr, header.p_filesz)
            for header in headers
            if header.p_type == "PT_LOAD"
        )
        for header in headers:
            if header.p_type == "PT_GNU_EH_FRAME":
                self._read_table(header.p_vaddr)

    def _read_table(self, address: int) -> None:
        *encodings, _, count = _HEADER.unpack(self.code(address, _HEADER.size))
        if tuple(encodings) != _ENCODINGS or not 0 <= count <= _TABLE // 8:
            return
        words = struct.unpack(f"<{2 * count}i", self.code(address + _HEADER.size, 8 * count))
        self._starts = tuple(address + word for word in words[::2])
        self._entries = tuple(address + word for word in words[1::2])

    def _row(self, entry: int, address: int) -> Row | None:
        function = self._entry(entry)
        common = entry + 4 - int.from_bytes(function[4:8], "little")
        shared = self._entry(common)
        if any(shared[4:8]):
            return None  # its place says that it is another function's
        # A section of these two, so that nothing else of the file's is decoded.
        pointer = struct.pack("<I", len(shared) + 4)
        section = shared + function[:4] + pointer + function[8:]
        layout = DWARFStructs(little_endian=True, dwarf_format=32, address_size=8)
        information = CallFrameInfo(
            io.BytesIO(section), len(section), entry - len(shared), layout, for_eh_frame=True
        )
        found = information.get_entries()[1]
        if (
            not isinstance(found, FDE)
            or address - found["initial_location"] >= found["address_range"]
        ):
            return None
        lines = [line for line in found.get_decoded().table if line["pc"] <= address]
        back: int = found.cie["return_address_register"] if found.cie is not None else -1
        return _made(lines[-1], back)

    def _entry(self, address: int) -> bytes:
        """One entry of .eh_frame with its length; ValueError for one that is too long or short."""
        length = int.from_bytes(self.code(address, 4), "little")
        if not 8 <= length <= _ENTRY:
            raise ValueError(length)
        found = self.code(address, 4 + length)
        if len(found) != 4 + length:
            raise ValueError(len(found))
        return found

    # --- names ---------------------------------------------------------------------------------

    def _named(self) -> Iterator[tuple[int, int, str]]:
        if self._elf.num_sections() > _SECTIONS:
            return
        sections = [self._elf.get_section(at).header for at in range(self._elf.num_sections())]
        for section in sections:
            if section.sh_type in ("SHT_SYMTAB", "SHT_DYNSYM"):
                names = self._section(sections[section.sh_link])
                symbols = self._section(section)
                symbols = symbols[: len(symbols) - len(symbols) % _SYMBOL.size]
                for name, kind, _, _, start, size in _SYMBOL.iter_unpack(symbols):
                    if kind & 15 in _FUNCTIONS and size:
                        yield start, start + size, _text(names, name)

    def _section(self, header: Container) -> bytes:
        self._stream.seek(header.sh_offset)
        return self._stream.read(min(header.sh_size, _TABLE))


def _text(names: bytes, at: int) -> str:
    end = names.find(b"\0", at, at + 256)
    return names[at : end if end >= 0 else at].decode(errors="replace")


def _made(line: Mapping[Any, Any], back: int) -> Row | None:
    """A row out of a decoded line; None when a rule in it is an expression or the like."""
    saved: dict[int, int] = {}
    lost: set[int] = set()
    base = line["cfa"]
    if not isinstance(base.reg, int) or not isinstance(base.offset, int):
        return None
    for register, rule in line.items():
        if not isinstance(register, int):
            continue
        if rule.type == RegisterRule.OFFSET:
            saved[register] = rule.arg
        elif rule.type == RegisterRule.UNDEFINED:
            lost.add(register)
        elif rule.type != RegisterRule.SAME_VALUE:
            return None
    return Row(base.reg, base.offset, saved, frozenset(lost), back)
