"""Reads a bundle's folder into memory: regular files only, within bounds, never through a link.

Every step opens its entry relative to the folder that was opened before, without following
links, so that nothing can be swapped in between check and read.
Invariant: read once; what was read is what is checked, hashed and staged.
"""

import errno
import os
import stat
from pathlib import Path

from runtime.extensions.codes import refused
from runtime.model import archive
from runtime.model.sx_code import SxCode

MAX_BYTES = 256 << 20  # a bundle with its vendored libraries
MAX_FILE = 64 << 20
MAX_DEPTH = 24
SKIPPED = frozenset({"__pycache__", ".DS_Store"})
"""Left out: caches that an interpreter or a file manager writes, no part of a bundle."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not block


def read_folder(folder: Path, name: str) -> dict[str, bytes]:
    """Read all files of a folder; `name` stands for it in errors. Paths are relative, POSIX.

    Raises:
        BundleError: It is no folder, holds a link, a device or a socket, or is too big.
    """
    try:
        descriptor = os.open(folder, _DIRECTORY)
    except OSError as error:
        raise _unreadable(name, "a folder", error) from None
    reader = _Reader(name)
    try:
        reader.directory(descriptor, "", 0)
    finally:
        os.close(descriptor)
    return reader.files


class _Reader:
    """One pass over one bundle."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes = 0
        self.files: dict[str, bytes] = {}

    def directory(self, descriptor: int, prefix: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise refused(self._label(prefix), f"at most {MAX_DEPTH} folders deep", "more")
        with os.scandir(descriptor) as entries:
            found = sorted((item.name, item.is_dir(follow_symlinks=False)) for item in entries)
        for name, is_directory in found:
            if name in SKIPPED:
                continue
            path = f"{prefix}{name}"
            if not archive.is_plain_path(path):
                raise refused(self._label(ascii(path)), "a printable path", "another")
            if is_directory:
                child = self._open(name, descriptor, path, _DIRECTORY)
                try:
                    self.directory(child, f"{path}/", depth + 1)
                finally:
                    os.close(child)
            else:
                self._file(name, descriptor, path)

    def _file(self, name: str, parent: int, path: str) -> None:
        if len(self.files) >= archive.MAX_FILES:
            raise refused(self._name, f"at most {archive.MAX_FILES} files", "more")
        descriptor = self._open(name, parent, path, _FILE)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise refused(self._label(path), "a regular file", "a special one")
            data = file.read(MAX_FILE + 1)
        self._bytes += len(data)
        if len(data) > MAX_FILE:
            raise refused(self._label(path), f"at most {MAX_FILE} bytes", "more")
        if self._bytes > MAX_BYTES:
            raise refused(self._name, f"at most {MAX_BYTES} bytes together", "more")
        self.files[path] = data

    def _open(self, name: str, parent: int, path: str, flags: int) -> int:
        try:
            return os.open(name, flags, dir_fd=parent)
        except OSError as error:
            raise _unreadable(self._label(path), "a readable file", error) from None

    def _label(self, path: str) -> str:
        return f"{self._name}/{path}"


def _unreadable(label: str, expected: str, error: OSError) -> Exception:
    if error.errno == errno.ELOOP:
        return refused(label, expected, "a symbolic link")
    found = "nothing" if error.errno == errno.ENOENT else (error.strerror or str(error)).lower()
    return refused(label, expected, found, sx_code=SxCode.EXTENSION_NOT_FOUND)
