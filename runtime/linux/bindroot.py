"""A private root of read-only binds in the caller's own mount namespace.

The tree is a small tmpfs with binds at the paths that they have outside, so that nothing in
the process has to learn new paths; folders above a bind are the tmpfs's own and open to all,
so that a mode-700 home above an interpreter does not matter.
Source: pivot_root(2), mount_setattr(2). Invariant: nothing outside the binds is reachable.
"""

import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from runtime.linux.libc import function, syscall

_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_MOUNT_ATTR = struct.Struct("=4Q")  # attr_set attr_clr propagation userns_fd


def enter(paths: Iterable[Path], stage: Path, memory: Path, size: int) -> int:
    """Make the tree of `paths`, make it this process's root, and drop the old one.

    The process must have a mount namespace of its own. A path that is a symbolic link is made
    again as a link; folders and files are bound with what is mounted below them.

    Args:
        paths: Absolute paths that exist; parents before what lies in them is not needed.
        stage: An existing folder that the tree is put together on.
        memory: Absolute path of a folder in memory that is made; read-only like everything else.
        size: Bytes that it can hold.

    Returns:
        A descriptor of that folder by which alone files can be put into it (close on exec), the
        caller's to close.

    Raises:
        OSError: A mount failed; the process must not go on to run untrusted code.
    """
    function("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    # Opened first: the stage's tmpfs hides what lies below it.
    sources = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)) for path in paths]
    function("mount", b"none", _raw(stage), b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=755,size=16m")
    try:
        for path, fd in sorted(sources):
            _place(stage, path, fd)
        writable = _make_memory(stage / memory.relative_to("/"), size)
    finally:
        for _, fd in sources:
            os.close(fd)
    _protect(stage, _ATTR_RDONLY | _ATTR_NOSUID, recursive=False)
    os.chdir(stage)
    syscall("pivot_root", b".", b".")
    function("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    return writable


def _place(stage: Path, path: Path, fd: int) -> None:
    target = stage / path.relative_to("/")
    if target.exists() or target.is_symlink():
        return  # inside something that is bound already
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    mode = os.fstat(fd).st_mode
    if stat.S_ISLNK(mode):
        target.symlink_to(os.readlink("", dir_fd=fd))
        return
    if stat.S_ISDIR(mode):
        target.mkdir(mode=0o755)
    else:
        target.touch(mode=0o644)
    source = f"/proc/self/fd/{fd}".encode()
    function("mount", source, _raw(target), None, _MS_BIND | _MS_REC, None)
    device = 0 if stat.S_ISCHR(mode) else _ATTR_NODEV
    _protect(target, _ATTR_RDONLY | _ATTR_NOSUID | device, recursive=True)


def _make_memory(target: Path, size: int) -> int:
    """Mount a file system in memory, and over it itself, read-only: the upper one is seen."""
    target.mkdir(mode=0o755, parents=True)
    options = f"mode=711,size={size}".encode()
    function("mount", b"none", _raw(target), b"tmpfs", _MS_NOSUID | _MS_NODEV, options)
    lower = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    function("mount", _raw(target), _raw(target), None, _MS_BIND, None)
    _protect(target, _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, recursive=False)
    return lower


def _protect(path: Path, attributes: int, *, recursive: bool) -> None:
    words = _MOUNT_ATTR.pack(attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    syscall("mount_setattr", _AT_FDCWD, _raw(path), flags, words, len(words))


def _raw(path: Path) -> bytes:
    return os.fsencode(path)
