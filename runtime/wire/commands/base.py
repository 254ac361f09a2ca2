"""What every command is: a value that names the type of its answer.

Invariant: values only, no I/O.
"""

from typing import ClassVar, Generic, TypeVar

import msgspec

R = TypeVar("R")


class CommandOf(msgspec.Struct, Generic[R], frozen=True, array_like=True):
    """Base of all commands; `R`, at run time `RESULT`, is the type of the answer."""

    RESULT: ClassVar[object] = type(None)
