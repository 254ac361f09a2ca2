"""Files that a command was told to read or write: written ones are the old or the new ones.

Invariant: errors are one sentence; nothing half-written is left under the file's name.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from runtime.model.errors import ProblemError


def read(path: Path, most: int, what: str) -> bytes:
    """Read a file of at most so many bytes; blocks. `what` says what it should be.

    Raises:
        ProblemError: ``not-found``: it cannot be read; ``bad-argument``: it is too long.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ProblemError("not-found", f"{path}: expected {what}, found: {found}") from None
    if len(data) > most:
        raise ProblemError("bad-argument", f"{path}: expected at most {most} bytes, found more")
    return data


def replace(files: Mapping[Path, bytes]) -> None:
    """Write files, their folders too where there are none; blocks.

    All are written beside their names before the first takes its place: a full disk, or a name that
    is a folder's, leaves every file as it was.

    Raises:
        ProblemError: ``failed``: one cannot be written.
    """
    ready: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, data in files.items():
            temporary = path.with_name(f".tmp-{secrets.token_hex(8)}")
            path.parent.mkdir(parents=True, exist_ok=True)
            ready.append((temporary, path))
            _write(temporary, path, data)
        for temporary, path in ready:
            temporary.replace(path)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ProblemError("failed", f"{path}: expected to write it, found: {found}") from None
    finally:
        for temporary, _ in ready:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _write(temporary: Path, path: Path, data: bytes) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Remove a file.

    Raises:
        ProblemError: ``failed``: it cannot be removed.
    """
    try:
        path.unlink()
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ProblemError("failed", f"{path}: expected to remove it, found: {found}") from None
