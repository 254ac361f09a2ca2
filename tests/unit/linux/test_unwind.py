"""The stack of a process that a signal ended, followed by its files' tables; and damaged ones."""

import io
import json
import os
import platform
import struct
import time
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.linux import fault, images, unwind
from runtime.linux.elf import ElfFile, Row
from runtime.linux.fault_machines import STACK
from runtime.model.native import FRAMES, Calls, Halt, Image, Mapped
from tests.unit.linux.crashing import left_by

needs_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64's registers")

CHILD = """
import ctypes, faulthandler, json, os, sys
from runtime.linux import fault, images
libc = ctypes.CDLL(None)
Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
numbers = (ctypes.c_int * 8)()
faulthandler.enable(int(sys.argv[1]))
fault.record(int(sys.argv[1]))
print(json.dumps(images.read(os.getpid()).images), flush=True)
"""


def halted(code: str) -> Halt:
    """Where a process was that ends by `code`."""
    left = left_by(CHILD + code)
    found = fault.read(left.file)
    assert found is not None
    mapped = Mapped(tuple(Image(*each) for each in json.loads(left.output)), time.time_ns())
    return Halt(found.registers, fault.stack(left.file), mapped)


def unwound(halt: Halt) -> Calls:
    """Of a process without a bundle."""
    return unwind.unwound(halt, {})


def in_order(calls: Calls, *functions: str) -> None:
    """These are among the frames, in this order."""
    names = iter([frame.function for frame in calls.frames])
    assert all(function in names for function in functions), calls.frames


@needs_x86
def test_nested_calls_of_c_and_python_are_found_in_order() -> None:
    calls = unwound(
        halted("libc.qsort(numbers, 8, 4, Compare(lambda one, other: ctypes.string_at(0) and 1))")
    )
    in_order(calls, "ffi_call", "qsort_r", "ffi_call", "_start")
    assert calls.complete
    assert all(frame.unwound and frame.place for frame in calls.frames)


@needs_x86
def test_a_call_of_nowhere_has_a_guessed_caller_and_its_callers() -> None:
    calls = unwound(halted("ctypes.CFUNCTYPE(None)(0x7890)()"))
    nowhere, caller, *others = calls.frames
    assert (nowhere.place, nowhere.function) == ("", "")
    assert caller.place.startswith("libffi.so")
    assert not caller.unwound
    assert all(frame.unwound for frame in others)
    in_order(calls, "ffi_call", "_start")


@needs_x86
def test_a_file_that_was_changed_since_is_not_believed() -> None:
    halt = halted("ctypes.string_at(0)")
    old = Halt(halt.registers, halt.stack, Mapped(halt.mapped.images, 1))
    calls = unwound(old)
    assert [(frame.place[:5], frame.function) for frame in calls.frames] == [("libc.", "")]
    assert not calls.complete


@needs_x86
def test_beyond_what_is_kept_of_the_stack_nothing_is_made_up() -> None:
    halt = halted("(deep := lambda n: ctypes.string_at(0) if not n else max([n], key=deep))(0)")
    whole = unwound(halt)
    cut = unwound(Halt(halt.registers, halt.stack[:512], halt.mapped))
    assert not cut.complete
    assert cut.frames == whole.frames[: len(cut.frames)]
    assert len(cut.frames) < len(whole.frames)


# --- whatever is in stacks and files ----------------------------------------------------------


@pytest.fixture(scope="module")
def halt() -> Halt:
    made = halted("libc.qsort(numbers, 8, 4, Compare(lambda one, other: ctypes.string_at(0)))")
    # Of two that are small: reading the tables of the interpreter and of libc takes the most time.
    some = tuple(each for each in made.mapped.images if each.name.startswith(("libffi", "_ctypes")))
    return Halt(made.registers, made.stack, Mapped(some, made.mapped.wall_ns))


@needs_x86
@settings(max_examples=30)
@given(data=st.data())
def test_any_stack_has_an_end(halt: Halt, data: st.DataObject) -> None:
    words = struct.unpack(f"={STACK // 8}Q", halt.stack)
    own = st.sampled_from([word for word in words if word])
    changes = data.draw(st.dictionaries(st.integers(0, 511), own | st.integers(0, 2**64 - 1)))
    stack = struct.pack(
        f"={STACK // 8}Q", *(changes.get(at, word) for at, word in enumerate(words))
    )
    values = data.draw(st.dictionaries(st.sampled_from(["rip", "rbp", "rsp", "rbx"]), own))
    registers = tuple((name, values.get(name, value)) for name, value in halt.registers)
    assert 1 <= len(unwound(Halt(registers, stack, halt.mapped)).frames) <= FRAMES


def _library() -> bytes:
    """A small library of this machine."""
    mapped = images.read(os.getpid()).images
    return next(Path(each.path).read_bytes() for each in mapped if "libffi" in each.path)


@needs_x86
@given(data=st.data())
def test_any_file_has_answers_or_none(data: st.DataObject) -> None:
    library = bytearray(_LIBRARY)
    places = st.integers(0, 63) | st.sampled_from(_TELLING) | st.integers(0, len(library) - 1)
    for at, byte in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=20)).items():
        library[at] = byte
    file = ElfFile(io.BytesIO(bytes(library[: data.draw(st.integers(0, len(library)))])))
    for offset in data.draw(st.lists(st.integers(0, len(library)), max_size=4)):
        address = file.address(offset)
        assert address is None or isinstance(file.row(address), Row | None)
        assert isinstance(file.function(address or 0), str)


def _telling() -> list[int]:
    """The places of a library that its headers, tables and entries are at."""
    elf = ELFFile(io.BytesIO(_LIBRARY))
    found = list(range(64, 64 + 56 * elf.num_segments()))
    for name in (".eh_frame_hdr", ".eh_frame", ".dynsym"):
        section = elf.get_section_by_name(name)
        assert section is not None
        found += range(section["sh_offset"], section["sh_offset"] + section["sh_size"])
    return found


_LIBRARY = _library()
_TELLING = _telling()
