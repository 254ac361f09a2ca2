"""Giving up what a process may do: user, capabilities, resources, visibility.

Source: prctl(2), capset(2), setrlimit(2). Invariant: every step only takes away;
`reading_as` gives back what it took.
"""

import contextlib
import os
import pwd
import resource
import signal
import struct
from collections.abc import Iterator

from runtime.linux.libc import function, syscall

_SET_PDEATHSIG, _SET_DUMPABLE, _SET_NAME = 1, 4, 15
_SET_NO_NEW_PRIVS, _CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3 = 0x2008_0522


def become(uid: int) -> None:
    """Become another user and its group of the same number, without further groups.

    Raises:
        OSError: This process may not.
    """
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


@contextlib.contextmanager
def reading_as(uid: int) -> Iterator[None]:
    """Open files as another user does, with their groups; for root in a process of one thread.

    Raises:
        OSError: This process may not.
    """
    try:
        account = pwd.getpwuid(uid)
        gid, groups = account.pw_gid, os.getgrouplist(account.pw_name, account.pw_gid)
    except KeyError:
        gid, groups = uid, []
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def drop_capabilities() -> None:
    """Give up every capability, now and for ever.

    Raises:
        OSError: The kernel refused.
    """
    function("prctl", _CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    syscall("capset", header, bytes(24))


def forbid_new_privileges() -> None:
    """No exec of this process or its children ever gives privileges."""
    function("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def set_dumpable(dumpable: bool) -> None:
    """Whether debuggers and /proc of the same user may look into this process."""
    function("prctl", _SET_DUMPABLE, int(dumpable), 0, 0, 0)


def die_with_parent() -> None:
    """Be killed when the thread that is this process's parent ends.

    A change of user forgets this: call it afterwards.
    """
    function("prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def set_name(name: str) -> None:
    """The name that ps shows as comm; the kernel keeps 15 bytes of it."""
    function("prctl", _SET_NAME, name.encode()[:15], 0, 0, 0)


def limit(what: int, most: int) -> None:
    """Lower a resource limit (resource.RLIMIT_*) for good; a lower hard limit stays.

    Raises:
        OSError: The kernel refused.
    """
    _, hard = resource.getrlimit(what)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound))
