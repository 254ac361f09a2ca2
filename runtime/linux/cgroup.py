"""Control groups: the part of their tree that was delegated to this process, and groups in it.

Source: cgroups(7), the kernel's cgroup-v2.rst; systemd's CGROUP_DELEGATION for the mark.
Invariant: changes nothing outside of the delegated group.
"""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

_MOUNT = Path("/sys/fs/cgroup")
_MARKS = ("trusted.delegate", "user.delegate")  # that systemd puts on what it delegates
_OWN = "runtime"  # for the processes that were there: only groups without children have some
CONTROLLERS = ("memory", "pids", "cpu")


class Limits(NamedTuple):
    """What the processes of one group may use together."""

    memory_bytes: int
    tasks: int
    cpu_weight: int  # 100 is what everybody has who asks for nothing


class Group:
    """A group of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remove(self) -> bool:
        """Remove it, once its process is reaped; whether that used more memory than it may."""
        killed = False
        with contextlib.suppress(OSError):
            killed = "oom_kill 0" not in (self._folder / "memory.events").read_text().splitlines()
        with contextlib.suppress(OSError):  # a process in it that is no child of ours
            self._folder.rmdir()
        return killed


class Subtree:
    """The delegated group, made ready for groups of processes below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, pid: int, limits: Limits) -> Group:
        """Make a group and put a process into it.

        Raises:
            OSError: The kernel refuses; nothing is left.
        """
        folder = self._folder / name
        folder.mkdir()
        try:
            (folder / "memory.max").write_text(str(limits.memory_bytes))
            (folder / "pids.max").write_text(str(limits.tasks))
            (folder / "cpu.weight").write_text(str(limits.cpu_weight))
            (folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            folder.rmdir()
            raise
        return Group(folder)


def delegated() -> Subtree:
    """Find what was delegated to this process, and make it ready.

    Raises:
        OSError: There is no such thing, or the kernel refuses; it says which.
    """
    if not (_MOUNT / "cgroup.controllers").exists():
        raise OSError(f"{_MOUNT}: expected control groups of version 2, found none")
    own = Path("/proc/self/cgroup").read_text().splitlines()[-1].removeprefix("0::/")
    folder = _MOUNT / own
    if not any(_marked(folder, mark) for mark in _MARKS):
        raise OSError(f"control group /{own}: expected it delegated to the runtime, found it not")
    (folder / _OWN).mkdir(exist_ok=True)
    for pid in (folder / "cgroup.procs").read_text().split():
        (folder / _OWN / "cgroup.procs").write_text(pid)
    found = (folder / "cgroup.controllers").read_text().split()
    if missing := [name for name in CONTROLLERS if name not in found]:
        raise OSError(f"control group /{own}: expected the controller {missing[0]}, found none")
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))
    return Subtree(folder)


def _marked(folder: Path, mark: str) -> bool:
    try:
        return os.getxattr(folder, mark) == b"1"
    except OSError:
        return False
