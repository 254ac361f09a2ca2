"""Which file the code at an address comes from.

Source: proc_pid_maps(5). Invariant: reads one file of one process.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Image(NamedTuple):
    """A piece of a file that a process may execute."""

    start: int
    end: int
    offset: int  # in the file
    name: str


def read(pid: int) -> tuple[Image, ...]:
    """Read what a process may execute; empty for one that is gone or cannot be seen."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(image for line in lines if (image := _image(line)) is not None)


def place(images: Iterable[Image], address: int) -> str:
    """Return ``FILE+OFFSET`` of an address; empty when it is in none of the images."""
    for image in images:
        if image.start <= address < image.end:
            return f"{image.name}+{address - image.start + image.offset:#x}"
    return ""


def _image(line: str) -> Image | None:
    fields = line.split(None, 5)
    if len(fields) < 6 or "x" not in fields[1]:
        return None
    start, _, end = fields[0].partition("-")
    return Image(int(start, 16), int(end, 16), int(fields[2], 16), Path(fields[5]).name)
