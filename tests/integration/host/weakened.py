"""A zygote whose drivers have one layer of the sandbox alone, or all: `weakened LAYER FD`.

An attempt that succeeds here and fails in the whole sandbox is stopped by a layer, and not by
chance. Only ever a process of a test.
Invariant: what is replaced does nothing; no layer is made weaker in another way.
"""

import sys
from collections.abc import Callable

from runtime.host import lockdown, zygote
from runtime.linux import bindroot, landlock, libc, namespaces, privileges, seccomp

_MS_REC, _MS_PRIVATE = 16384, 1 << 18


def _nothing(*_: object) -> None:
    pass


def _own_mounts(*_: object) -> None:
    """All of the machine's files, but no mount of ours comes to the machine."""
    libc.function("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)


def _share(flag: int) -> None:
    lockdown._SHARED &= ~flag
    lockdown._OWN &= ~flag


WITHOUT: dict[str, Callable[[], None]] = {
    "private root": lambda: setattr(bindroot, "enter", _own_mounts),
    "network namespace": lambda: _share(namespaces.NEWNET),
    "PID namespace": lambda: _share(namespaces.NEWPID),
    "IPC namespace": lambda: _share(namespaces.NEWIPC),
    "own user": lambda: setattr(privileges, "become", _nothing),
    "no capabilities": lambda: setattr(privileges, "drop_capabilities", _nothing),
    "no new privileges": lambda: setattr(privileges, "forbid_new_privileges", _nothing),
    "limits": lambda: setattr(privileges, "limit", _nothing),
    "Landlock": lambda: setattr(landlock, "restrict", _nothing),
    "seccomp": lambda: setattr(seccomp, "load", _nothing),
}
"""By layer, what takes it away."""


if __name__ == "__main__":
    for layer, take_away in WITHOUT.items():
        if layer != sys.argv[1]:
            take_away()
    sys.exit(zygote.main(sys.argv[2:]))
