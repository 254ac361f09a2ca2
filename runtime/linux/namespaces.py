"""Namespaces of the calling process.

Source: unshare(2), user_namespaces(7), ioctl_ns(2); <linux/proc_ns.h>.
Invariant: changes nobody else's namespaces.
"""

import fcntl
import os

from runtime.linux.libc import function

NEWNS = 0x0002_0000  # mounts
NEWUTS = 0x0400_0000  # host name
NEWIPC = 0x0800_0000
NEWUSER = 0x1000_0000
NEWPID = 0x2000_0000
NEWNET = 0x4000_0000

_NS_GET_USERNS = 0xB701
_FIRST_USERS = 0xEFFF_FFFD  # inode of the machine's own user namespace


def hears_of_devices() -> bool:
    """Whether the kernel tells this process of devices: in a user's own network it does not."""
    network = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        owner = fcntl.ioctl(network, _NS_GET_USERNS)
    except OSError:
        return False  # EPERM: it is of a namespace outside of this process's own
    finally:
        os.close(network)
    try:
        return os.fstat(owner).st_ino == _FIRST_USERS
    finally:
        os.close(owner)


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
