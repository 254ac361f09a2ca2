"""Writing a file as a whole: its name stands for the old contents or for all of the new.

Invariant: what is no plain file is never replaced.
"""

import os
import tempfile
from pathlib import Path

from runtime.model.errors import UnavailableError


def write(path: Path, data: bytes) -> None:
    """Write beside the file, then take its name; its folder must exist.

    Raises:
        UnavailableError: The disk is full, the folder may not be written to, or the name is that
            of something else than a file; what was there stays.
    """
    if path.exists() and not path.is_file():
        raise UnavailableError(f"{path}: expected a file to write to, found something else")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
    except OSError as error:
        raise UnavailableError(f"{path}: expected to write it, found: {error.strerror}") from error
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(_mode(path))
        fresh.replace(path)
    except OSError as error:
        raise UnavailableError(f"{path}: expected to write it, found: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)  # also when this process was told to end


def _mode(path: Path) -> int:
    """The permissions that the file has, or that a new one gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
