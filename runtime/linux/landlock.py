"""Landlock: what of the file system, and of other processes, a process may reach.

Rights are taken when a file is opened: descriptors that were passed in keep working.
Source: landlock(7), linux/landlock.h. Invariant: asks the kernel for its ABI, never guesses.
"""

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from runtime.linux.libc import syscall

_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # rights on files that an ABI knows; then 16
_NET_BITS = 0b11  # ABI 4: bind and connect TCP
_SCOPES = 0b11  # ABI 6: abstract sockets, signals
_RULESET = struct.Struct("=3Q")
_BENEATH = struct.Struct("=Qi")


def abi() -> int:
    """The kernel's Landlock ABI; 0 where it has none or it is switched off."""
    try:
        return syscall("landlock_create_ruleset", None, 0, _VERSION)
    except OSError:
        return 0


def read_only(paths: Iterable[Path], named: Iterable[Path], version: int) -> int:
    """A ruleset that denies everything but reading below `paths`; no program can be run.

    Libraries can be mapped: the kernel asks for the right to execute at exec alone.

    Args:
        paths: Folders and files that exist.
        named: Folders whose files are read by who knows their names: they cannot be listed.
        version: What `abi` returned, 1 or more.

    Returns:
        The ruleset's descriptor (close on exec), the caller's to close.

    Raises:
        OSError: The kernel refused.
    """
    handled = (1 << _FS_BITS.get(version, 16)) - 1
    network = _NET_BITS if version >= 4 else 0
    scopes = _SCOPES if version >= 6 else 0
    # An older kernel takes the longer struct as long as what it does not know is zero.
    words = _RULESET.pack(handled, network, scopes)
    ruleset = syscall("landlock_create_ruleset", words, len(words), 0)
    listed = {path: READ_FILE | (READ_DIR if path.is_dir() else 0) for path in paths}
    for path, rights in {**listed, **dict.fromkeys(named, READ_FILE)}.items():
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            syscall("landlock_add_rule", ruleset, _PATH_BENEATH, _BENEATH.pack(rights, fd), 0)
        finally:
            os.close(fd)
    return ruleset


def restrict(ruleset: int) -> None:
    """Hold this thread, and all that it makes, to a ruleset for ever; needs no_new_privs.

    Raises:
        OSError: The kernel refused.
    """
    syscall("landlock_restrict_self", ruleset, 0)
