"""The native frames that a report has when no worker can unwind them."""

import asyncio
import struct

from runtime.engine import native_frames
from runtime.engine.unwinding import Unwind
from runtime.engine.workers import Workers
from runtime.model.errors import ProblemError
from runtime.model.identity import ContentHash
from runtime.model.native import Calls, Halt, Image, Mapped, NativeFrame

IMAGES = (Image(0x4000, 0x5000, 0, "/lib/b.so"), Image(0x1000, 0x2000, 0x100, "/lib/a.so"))
WORDS = (7, 0x1010, 0x3000, 0x4020, 0x1010)
HALT = Halt((), struct.pack("=5Q", *WORDS), Mapped(IMAGES, 1))
JOB = Unwind(HALT, "/none", ContentHash("0" * 64))
PLACES = ["a.so+0x110", "b.so+0x20", "a.so+0x110"]


class Failing(Workers):
    """None of them comes to an end."""

    async def unwind(self, job: Unwind) -> Calls:  # noqa: ARG002
        raise ProblemError("failed", "it ended")


class Cut(Workers):
    """The stack goes on beyond what was kept."""

    async def unwind(self, job: Unwind) -> Calls:  # noqa: ARG002
        return Calls((NativeFrame("a.so+0x110", "run", unwound=True),), complete=False)


def test_places_of_code_are_guesses_and_the_reason_is_told() -> None:
    frames, (missing,) = asyncio.run(native_frames.found(Failing(), JOB))
    assert [frame.place for frame in frames] == PLACES
    assert not any(frame.unwound for frame in frames)
    assert missing.endswith("not unwound: it ended")


def test_a_stack_full_of_code_is_bounded() -> None:
    full = Halt((), struct.pack("=2000Q", *[0x1010] * 2000), HALT.mapped)
    frames, _ = native_frames.guessed(full, "")
    assert len(frames) == native_frames.GUESSES


def test_what_is_beyond_the_kept_stack_is_named() -> None:
    frames, (missing,) = asyncio.run(native_frames.found(Cut(), JOB))
    assert [frame.function for frame in frames] == ["run"]
    assert "further out" in missing
