"""What the dynamic linker has mapped into this process.

Source: dl_iterate_phdr(3), elf(5).
Invariant: reads what the linker says of itself, and nothing else.
"""

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator

from runtime.model.native import Image

_INFO = struct.Struct("=QQQH")  # struct dl_phdr_info: base, name, program headers, their number
_HEADER = struct.Struct("=IIQQQQQQ")  # Elf64_Phdr: type, flags, offset, address, …, size, …
_LOAD, _EXECUTE = 1, 1  # PT_LOAD, PF_X

_Visit = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def images() -> tuple[Image, ...]:
    """What this process may execute, in the linker's order; nameless for the program itself."""
    found: list[Image] = []

    def visit(info: int, _size: int, _data: int) -> int:
        base, name, headers, count = _INFO.unpack(ctypes.string_at(info, _INFO.size))
        path = os.fsdecode(ctypes.string_at(name)) if name else ""
        found.extend(_pieces(base, path, ctypes.string_at(headers, count * _HEADER.size)))
        return 0

    ctypes.CDLL(None).dl_iterate_phdr(_Visit(visit), None)
    return tuple(found)


def _pieces(base: int, path: str, headers: bytes) -> Iterator[Image]:
    for kind, flags, offset, address, _, _, size, _ in _HEADER.iter_unpack(headers):
        if kind == _LOAD and flags & _EXECUTE:
            before = address % mmap.PAGESIZE  # whole pages are mapped
            start, end = base + address - before, base + address + size
            yield Image(start, end + -end % mmap.PAGESIZE, offset - before, path)
