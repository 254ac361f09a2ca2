"""What the debugger's tables show: threads, the frames of one, the variables of a frame.

Invariant: pure; whatever the driver named is made plain.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records import moments
from ioregui.records.column import Column, Tone
from runtime.wire.debugger import CodeFrame, DebuggedThread, Variable, View

translate = QCoreApplication.translate


class ThreadRow(NamedTuple):
    """A thread and its place in the view, the one that is stuck first."""

    at: int
    thread: DebuggedThread


class FrameRow(NamedTuple):
    """A frame and its place in its thread; 0 is the innermost."""

    at: int
    frame: CodeFrame


def thread_rows(view: View) -> list[ThreadRow]:
    """Return the threads of a view."""
    return [ThreadRow(at, thread) for at, thread in enumerate(view.threads)]


def frame_rows(view: View) -> list[FrameRow]:
    """Return the frames of the thread that is looked at."""
    frames = next((each.frames for each in view.threads if each.name == view.thread), ())
    return [FrameRow(at, frame) for at, frame in enumerate(frames)]


def threads() -> Sequence[Column[ThreadRow]]:
    """Return the columns of threads, from left to right, in the user's language."""
    return (
        Column(
            translate("debugger", "Thread"),
            translate("debugger", "A queue's thread has the queue's name."),
            lambda row: plaintext.plain(row.thread.name),
            12,
        ),
        Column(
            translate("debugger", "What it does"),
            translate("debugger", "The callback that it runs, and for how long without progress."),
            _doing,
            24,
            tone=_tone,
            grows=True,
        ),
    )


def frames() -> Sequence[Column[FrameRow]]:
    """Return the columns of frames, from left to right, in the user's language."""
    return (
        Column(
            translate("debugger", "Function"),
            translate("debugger", "The innermost frame is the first."),
            lambda row: plaintext.plain(row.frame.function),
            16,
        ),
        Column(
            translate("debugger", "Line"),
            translate("debugger", "The file and the line in it."),
            lambda row: place(row.frame),
            20,
            grows=True,
        ),
    )


def variables() -> Sequence[Column[Variable]]:
    """Return the columns of variables, from left to right, in the user's language."""
    return (
        Column(
            translate("debugger", "Variable"),
            translate("debugger", "A local variable of the selected frame."),
            lambda variable: plaintext.plain(variable.name),
            12,
        ),
        Column(
            translate("debugger", "Type"),
            translate("debugger", "The type of its value."),
            lambda variable: plaintext.plain(variable.kind),
            10,
            optional=True,
        ),
        Column(
            translate("debugger", "Value"),
            translate("debugger", "Its value, cut where it is long."),
            lambda variable: plaintext.plain(variable.value, plaintext.SENTENCE),
            20,
            grows=True,
        ),
    )


def place(frame: CodeFrame) -> str:
    """Return a frame's file, without what is above it, and line."""
    return plaintext.plain(f"{PurePosixPath(frame.file).name}:{frame.line}")


def _doing(row: ThreadRow) -> str:
    thread = row.thread
    doing = plaintext.plain(thread.callback)
    if doing and (quiet := moments.gap(thread.quiet_us * 1000)):
        doing = translate("debugger", "{0} for {1}").format(doing, quiet)
    if not thread.stopped:
        return doing or translate("debugger", "no callback")
    stopped = translate("debugger", "stopped here")
    return f"{stopped}: {doing}" if doing else stopped


def _tone(row: ThreadRow) -> Tone:
    if row.thread.stopped:
        return Tone.WAITING
    return Tone.PLAIN if row.thread.callback else Tone.QUIET
