"""What a debugger's stream says to a window beside pdb's own text.

A line that begins with `MARK` is a `View` as JSON; everything else is text for people. The stream
goes from the driver to whoever debugs it, never through the runtime.
Invariant: whatever a driver writes is a view, or `BreachError`.
"""

from typing import Annotated

import msgspec

from runtime.model.errors import BreachError
from runtime.wire.limits import ITEMS, Name, Number, Text

MARK = "\x1e"  # ASCII's record separator
PROMPT = "(dext) "
LINE = 1 << 20  # bytes of a line at most: a view has fewer by the bounds of its makers


class CodeFrame(msgspec.Struct, frozen=True):
    """One Python frame of a thread."""

    function: Text
    file: Text
    line: Number


class DebuggedThread(msgspec.Struct, frozen=True):
    """One thread: its callback where it serves a queue, and its frames, innermost first."""

    name: Name
    frames: Annotated[tuple[CodeFrame, ...], msgspec.Meta(max_length=ITEMS)]
    callback: Text = ""
    quiet_us: Number = 0  # since the callback last progressed
    stopped: bool = False  # here pdb has stopped; the others run on


class Variable(msgspec.Struct, frozen=True):
    """A local variable: its type's name, and its value as text, both cut where they are long."""

    name: Text
    kind: Text
    value: Text


class View(msgspec.Struct, frozen=True):
    """Every thread, the one that is stuck first, and what is looked at of them."""

    threads: Annotated[tuple[DebuggedThread, ...], msgspec.Meta(max_length=ITEMS)]
    thread: Name  # that is looked at
    frame: Number  # of it; 0 is the innermost
    variables: Annotated[tuple[Variable, ...], msgspec.Meta(max_length=ITEMS)]


_decoder = msgspec.json.Decoder(View)


def encode(view: View) -> str:
    """Make a view a line, without its end."""
    return MARK + msgspec.json.encode(view).decode()


def decode(line: bytes) -> View:
    """Read a line without its mark and its end.

    Raises:
        BreachError: It is no view, or a length in it is out of bounds.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BreachError(f"debugger's view: {error}") from error
