"""Who had called whom when a fatal signal came: the stack, followed by the tables of its files.

Where a file has no table for a place, the next word of the stack that lies behind a call of a known
file is taken for the caller, and said to be a guess.
Source: DWARF 5, 6.4.4; the procedure call standards; what crash reporters do (Breakpad's walker).
Invariant: whatever is in registers and stack, it ends: each frame lies further out than the last.
"""

import contextlib
import io
import os
from collections.abc import Mapping
from typing import IO, NamedTuple, Self

from runtime.linux import images
from runtime.linux.elf import ElfFile, Row
from runtime.linux.fault_machines import CALL, HERE, Machine
from runtime.model.native import FRAMES, NAME, Calls, Halt, Image, NativeFrame

_WORD = 8
_STACK = 8 << 20  # bytes that a whole one has


def unwound(halt: Halt, bundle: Mapping[str, bytes]) -> Calls:
    """Who had called whom, of a thread of a process of this machine; `bundle` holds its modules."""
    if HERE is None:
        return Calls((), complete=False)
    with Unwinder(halt, HERE, bundle) as unwinder:
        return unwinder.calls()


class _Frame(NamedTuple):
    """A frame, by what is known of its registers; by their numbers in DWARF."""

    at: int  # the address of its next instruction
    stack: int
    registers: Mapping[int, int]
    unwound: bool


class Unwinder:
    """Follows one stack. It has files open: use it in a ``with``."""

    def __init__(self, halt: Halt, machine: Machine, bundle: Mapping[str, bytes]) -> None:
        """`machine` is what the registers are of."""
        self._halt = halt
        self._images = halt.images
        self._bundle = bundle
        self._machine = machine
        self._known = dict(halt.registers)
        self._bottom = self._known[machine.stack_pointer]
        self._stack_column = machine.columns.index(machine.stack_pointer)
        self._files: dict[str, ElfFile | None] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def calls(self) -> Calls:
        """Follow the stack from where the signal came."""
        found: list[NativeFrame] = []
        frame: _Frame | None = self._first()
        complete = False
        while frame is not None and len(found) < FRAMES:
            # Behind a call that never returns the next instruction is another function's.
            at = frame.at - (1 if found else 0)
            file, address = self._where(at)
            function = file.function(address) if file is not None else ""
            place = images.place(self._images, at)
            found.append(NativeFrame(place[:NAME], function[:NAME], frame.unwound))
            row = file.row(address) if file is not None else None
            complete = row is not None and row.back in row.lost
            over = complete or (row is not None and self._leads_out(frame, row))
            frame = None if over else self._caller(frame, row) or self._guess(frame)
        return Calls(tuple(found), complete)

    def _first(self) -> _Frame:
        numbered = enumerate(self._machine.columns)
        registers = {number: self._known[name] for number, name in numbered}
        return _Frame(self._known[self._machine.code_counter], self._bottom, registers, True)

    def _leads_out(self, frame: _Frame, row: Row) -> bool:
        """Whether the caller is beyond what is kept of the stack: a guess would be before it."""
        end = self._bottom + len(self._halt.stack)
        return end < frame.registers.get(row.base, 0) + row.offset < end + _STACK

    def _caller(self, frame: _Frame, row: Row | None) -> _Frame | None:
        """The frame's caller by its row; None when there is none, or what it says is off."""
        if row is None or row.base not in frame.registers:
            return None
        stack = frame.registers[row.base] + row.offset
        registers = {
            number: value for number, value in frame.registers.items() if number not in row.lost
        }
        for number, distance in row.saved.items():
            word = self._word(stack + distance)
            if word is None:
                return None
            registers[number] = word
        # The call has used it up: a caller that has not saved its own has no row of the truth.
        back = registers.pop(row.back, 0) & self._machine.addresses
        leaf = row.back not in row.saved
        if stack < frame.stack + (0 if leaf else _WORD) or not self._behind_call(back):
            return None
        registers[self._stack_column] = stack
        return _Frame(back, stack, registers, True)

    def _guess(self, frame: _Frame) -> _Frame | None:
        """The next word of the stack that can be a return address."""
        place = frame.stack + -(frame.stack - self._bottom) % _WORD
        while (word := self._word(place)) is not None:
            place += _WORD
            if self._behind_call(word & self._machine.addresses):
                back = word & self._machine.addresses
                # A callee that has pushed nothing has most likely changed nothing.
                kept = frame.registers if place == frame.stack + _WORD else {}
                return _Frame(back, place, {**kept, self._stack_column: place}, False)
        return None

    def _word(self, address: int) -> int | None:
        at = address - self._bottom
        if not 0 <= at <= len(self._halt.stack) - _WORD:
            return None
        return int.from_bytes(self._halt.stack[at : at + _WORD], "little")

    def _behind_call(self, address: int) -> bool:
        file, at = self._where(address - 1)
        if file is None:
            return False
        code = file.code(at + 1 - CALL, CALL)
        return self._machine.call.search(code) is not None

    def _where(self, address: int) -> tuple[ElfFile | None, int]:
        """The file that an address is in, and the address there."""
        image = images.find(self._images, address)
        file = self._file(image) if image is not None else None
        if image is None or file is None:
            return None, 0
        found = file.address(address - image.start + image.offset)
        return (file, found) if found is not None else (None, 0)

    def _file(self, image: Image) -> ElfFile | None:
        """An image's file; None when it is gone, or was changed since it was mapped."""
        if image.path not in self._files:
            stream = self._module(image) if image in self._halt.modules else self._opened(image)
            self._files[image.path] = ElfFile(stream) if stream is not None else None
        return self._files[image.path]

    def _module(self, image: Image) -> IO[bytes] | None:
        return io.BytesIO(self._bundle[image.path]) if image.path in self._bundle else None

    def _opened(self, image: Image) -> IO[bytes] | None:
        try:
            descriptor = os.open(image.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        stream = self._open.enter_context(os.fdopen(descriptor, "rb"))
        changed_ns = os.fstat(descriptor).st_ctime_ns
        return stream if changed_ns <= self._halt.mapped.wall_ns else None
