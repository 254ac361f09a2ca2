"""Native code of a process that a signal ended: what was mapped, where it was, who had called.

Invariant: values only.
"""

from pathlib import PurePath
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

FRAMES = 128  # of one stack
NAME = 256  # characters of a place, and of a function's name: those of C++ have no end


class Image(NamedTuple):
    """A piece of a file that a process may execute."""

    start: int
    end: int
    offset: int  # in the file
    path: str  # of the file; a name in brackets for what the kernel put there

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePath(self.path).name


class Mapped(Struct, frozen=True, array_like=True):
    """What a process may execute, as it was at a time; empty where it could not be seen."""

    images: tuple[Image, ...] = ()
    wall_ns: int = 0


UNSEEN = Mapped()


class Halt(Struct, frozen=True, array_like=True):
    """A thread as a fatal signal found it.

    `stack` begins where the stack pointer points. `modules` are what the process said that it had
    loaded of its bundle; their paths are the bundle's.
    """

    registers: tuple[tuple[str, int], ...]
    stack: bytes
    mapped: Mapped
    modules: tuple[Image, ...] = ()

    @property
    def images(self) -> tuple[Image, ...]:
        """All of which something is known."""
        return self.mapped.images + self.modules


class NativeFrame(Struct, frozen=True):
    """One call that had not returned.

    `unwound`: found by the tables of the file in which the frame before it is; else guessed, the
    next word of the stack that lies behind a call. The first one is where the signal came.
    """

    place: str  # file and offset; empty when it is in no known file
    function: str  # empty when its file does not name it
    unwound: bool


Frames = Annotated[tuple[NativeFrame, ...], Meta(max_length=FRAMES)]


class Calls(Struct, frozen=True):
    """Who had called whom, innermost first. `complete`: the outermost is the thread's first."""

    frames: Frames
    complete: bool
