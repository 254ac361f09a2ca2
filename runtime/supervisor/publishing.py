"""What a driver process publishes through: a /dev/uhid of its own, if it may publish anything.

Invariant: no descriptor is left open here, and nothing waits for the kernel to load a module.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from runtime.linux import uhid
from runtime.model.errors import UnavailableError
from runtime.wire.broker import Denials


@contextlib.contextmanager
def publishing(denials: Denials, *, real: bool) -> Iterator[tuple[Denials, tuple[int, ...]]]:
    """Open one for a session at a real device; the denials then say why there is none, too."""
    if not real or (denials.device and denials.events):
        yield denials, ()
        return
    try:
        node = _open()
    except UnavailableError as error:
        why = str(error)
        yield Denials(denials.device or why, denials.events or why), ()
        return
    try:
        yield denials, (node,)
    finally:
        os.close(node)


def _open() -> int:
    if not Path(uhid.MODULE).exists():
        raise UnavailableError(
            f"{uhid.NODE}: expected the kernel's module uhid, found that it is not loaded "
            "(modprobe uhid)"
        )
    try:
        return os.open(uhid.NODE, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnavailableError(
            f"{uhid.NODE}: expected to open it, found: {error.strerror}"
        ) from None
