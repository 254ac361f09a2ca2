"""What a driver process publishes through: a /dev/uhid of its own, if it may publish anything.

Invariant: no descriptor is left open here.
"""

import contextlib
import os
from collections.abc import Iterator

from runtime.linux import uhid
from runtime.wire.broker import Denials


@contextlib.contextmanager
def publishing(denials: Denials, *, real: bool) -> Iterator[tuple[Denials, tuple[int, ...]]]:
    """Open one for a session at a real device; the denials then say why there is none, too."""
    if not real or (denials.device and denials.events):
        yield denials, ()
        return
    try:
        node = os.open(uhid.NODE, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        why = f"{uhid.NODE}: expected to open it, found: {error.strerror}"
        yield Denials(denials.device or why, denials.events or why), ()
        return
    try:
        yield denials, (node,)
    finally:
        os.close(node)
