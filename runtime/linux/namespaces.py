"""Namespaces of the calling process.

Source: unshare(2), user_namespaces(7). Invariant: changes nobody else's namespaces.
"""

import os

from runtime.linux.libc import function

NEWNS = 0x0002_0000  # mounts
NEWUTS = 0x0400_0000  # host name
NEWIPC = 0x0800_0000
NEWUSER = 0x1000_0000
NEWPID = 0x2000_0000
NEWNET = 0x4000_0000


def unshare(flags: int) -> None:
    """Move this process into new namespaces; with NEWUSER it must be single-threaded.

    Raises:
        OSError: The kernel or its settings refuse.
    """
    function("unshare", flags)


def map_self(proc: int, uid: int, gid: int) -> None:
    """Map one user and group to themselves in this process's new user namespace.

    Args:
        proc: A descriptor of a mounted /proc; the private root has none.
        uid: This process's user outside.
        gid: This process's group outside.

    Raises:
        OSError: The kernel refused the map.
    """
    for name, text in (
        ("setgroups", "deny"),  # an unprivileged gid_map needs it first
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        fd = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
