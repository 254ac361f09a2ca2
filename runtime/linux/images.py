"""Which file the code at an address comes from.

Source: proc_pid_maps(5). Invariant: reads one file of one process.
"""

import time
from collections.abc import Iterable
from pathlib import Path

from runtime.model.native import UNSEEN, Image, Mapped


def read(pid: int) -> Mapped:
    """Read what a process may execute; empty for one that is gone or cannot be seen."""
    wall_ns = time.time_ns()
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines()
    except OSError:
        return UNSEEN
    found = (_image(line) for line in lines)
    return Mapped(tuple(image for image in found if image is not None), wall_ns)


def find(images: Iterable[Image], address: int) -> Image | None:
    """Return the image that an address is in."""
    return next((image for image in images if image.start <= address < image.end), None)


def place(images: Iterable[Image], address: int) -> str:
    """Return ``FILE+OFFSET`` of an address; empty when it is in none of the images."""
    image = find(images, address)
    return f"{image.name}+{address - image.start + image.offset:#x}" if image is not None else ""


def _image(line: str) -> Image | None:
    fields = line.split(None, 5)
    if len(fields) < 6 or "x" not in fields[1]:
        return None
    start, _, end = fields[0].partition("-")
    return Image(int(start, 16), int(end, 16), int(fields[2], 16), fields[5])
