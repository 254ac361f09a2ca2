"""A made-up library of another machine: its functions' rows, and a stack of theirs."""

import io
import os
import struct
import time
from pathlib import Path

import pytest

from runtime.linux.elf import ElfFile, Row
from runtime.linux.fault_machines import MACHINES
from runtime.linux.unwind import Unwinder
from runtime.model.native import Halt, Image, Mapped

SP, X29, X30 = 31, 29, 30  # in DWARF's numbers
FIRST, CALLER, LEAF = 0x1000, 0x1040, 0x1080  # functions, 0x40 bytes each
TABLES = 0x2000
BASE, STACK = 0x7F00_0000_0000, 0x7FFF_0000_0000
BL = bytes.fromhex("00000094")


def entry(body: bytes) -> bytes:
    """One entry of .eh_frame, with its length."""
    body += b"\0" * (-len(body) % 4)  # DW_CFA_nop
    return struct.pack("<I", len(body)) + body


def library(leaf: bytes = b"") -> bytes:
    """`FIRST` calls `CALLER`, which saves its frame and calls `LEAF`, which saves nothing.

    `leaf` is what else the table says of that one.
    """
    common = entry(struct.pack("<IB3sBBBBB", 0, 1, b"zR\0", 4, 0x78, X30, 1, 0x1B) + b"\x0c\x1f\0")
    kept = bytes([0x41, 0x0E, 32, 0x80 | X29, 4, 0x80 | X30, 3])  # 4 bytes on: CFA sp+32, saved
    programs = {FIRST: b"\x07\x1e", CALLER: kept, LEAF: leaf}  # the first one: x30 is undefined
    header = TABLES + 12 + 8 * len(programs)  # behind the table of functions
    frames, table = common, b""
    for start, program in programs.items():
        at = header + len(frames)
        table += struct.pack("<ii", start - TABLES, at - TABLES)
        place = (len(frames) + 4, start - (at + 8), 0x40, 0)
        frames += entry(struct.pack("<IiIB", *place) + program)
    tables = struct.pack("<4Bii", 1, 0x1B, 0x03, 0x3B, header - TABLES - 4, len(programs)) + table
    size = TABLES + len(tables) + len(frames)
    loaded = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 0x1000)
    unwinding = struct.pack("<IIQQQQQQ", 0x6474E550, 4, TABLES, TABLES, 0, 12, 12, 4)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 183, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    code = bytearray(3 * 0x40)
    code[0x10:0x14] = code[0x50:0x54] = BL
    return (
        ((head + loaded + unwinding).ljust(FIRST, b"\0") + code).ljust(TABLES, b"\0")
        + tables
        + frames
    )


def test_a_row_is_that_of_the_instruction() -> None:
    file = ElfFile(io.BytesIO(library()))
    assert file.row(CALLER) == Row(SP, 0, {}, frozenset(), X30)
    assert file.row(CALLER + 4) == Row(SP, 32, {X29: -32, X30: -24}, frozenset(), X30)
    assert file.row(FIRST) == Row(SP, 0, {}, frozenset({X30}), X30)
    assert file.row(FIRST - 1) is None
    assert file.row(LEAF + 0x40) is None
    assert (file.address(LEAF), file.address(1 << 20)) == (LEAF, None)
    assert file.function(CALLER) == ""


@pytest.mark.parametrize("damaged", [b"", b"\x7fELF", library()[:TABLES], library()[:-1]])
def test_a_damaged_file_has_no_rows(damaged: bytes) -> None:
    assert ElfFile(io.BytesIO(damaged)).row(LEAF) is None


def test_a_stack_of_aarch64(tmp_path: Path) -> None:
    """With return addresses that are signed, as its processors can."""
    path = tmp_path / "libmade.so"
    path.write_bytes(library())
    machine = MACHINES["aarch64"]
    values = dict.fromkeys(machine.registers, 0)
    signature = 0x2A << 56
    values |= {"pc": BASE + LEAF + 8, "x30": (BASE + CALLER + 0x14) | signature, "sp": STACK}
    stack = struct.pack("<6Q", STACK + 64, (BASE + FIRST + 0x14) | signature, 7, 7, 7, 7)
    image = Image(BASE + FIRST, BASE + TABLES, FIRST, os.fspath(path))
    halt = Halt(tuple(values.items()), stack, Mapped((image,), time.time_ns()))
    with Unwinder(halt, machine, {}) as unwinder:
        calls = unwinder.calls()
    places = [f"libmade.so+{at:#x}" for at in (LEAF + 8, CALLER + 0x13, FIRST + 0x13)]
    assert [(frame.place, frame.unwound) for frame in calls.frames] == [
        (place, True) for place in places
    ]
    assert calls.complete
