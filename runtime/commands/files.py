"""Writing what a command was asked to write: a file is the old one or the new one.

Invariant: errors are one sentence; nothing half-written is left under the file's name.
"""

import contextlib
import os
import secrets
from pathlib import Path

from runtime.model.errors import UnavailableError


def replace(path: Path, data: bytes) -> None:
    """Write a file in one step, its folder too when there is none; blocks.

    Raises:
        UnavailableError: It cannot be written.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        found = (error.strerror or str(error)).lower()
        raise UnavailableError(f"{path}: expected to write it, found {found}") from None


def remove(path: Path) -> None:
    """Remove a file.

    Raises:
        UnavailableError: It cannot be removed.
    """
    try:
        path.unlink()
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise UnavailableError(f"{path}: expected to remove it, found {found}") from None
