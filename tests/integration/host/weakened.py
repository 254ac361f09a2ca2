"""A zygote whose drivers have one layer of the sandbox alone, or all: `weakened LAYER FD`.

An attempt that succeeds here and fails in the whole sandbox is stopped by a layer, and not by
chance. Only ever a process of a test.
Invariant: what is replaced does nothing; no layer is made weaker in another way.
"""

import sys
from collections.abc import Callable

from runtime.host import lockdown, zygote
from runtime.host.confinement import Layer
from runtime.linux import bindroot, landlock, libc, namespaces, privileges, seccomp

_MS_REC, _MS_PRIVATE = 16384, 1 << 18


def _nothing(*_: object) -> None:
    pass


def _own_mounts(*_: object) -> int:
    """All of the machine's files, but no mount of ours comes to the machine."""
    libc.function("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    return -1


def _share(flag: int) -> None:
    lockdown._SHARED &= ~flag
    lockdown._OWN &= ~flag


WITHOUT: dict[Layer, Callable[[], None]] = {
    Layer.ROOT: lambda: setattr(bindroot, "enter", _own_mounts),
    Layer.NETWORK: lambda: _share(namespaces.NEWNET),
    Layer.PID: lambda: _share(namespaces.NEWPID),
    Layer.IPC: lambda: _share(namespaces.NEWIPC),
    Layer.USER: lambda: setattr(privileges, "become", _nothing),
    Layer.CAPABILITIES: lambda: setattr(privileges, "drop_capabilities", _nothing),
    Layer.PRIVILEGES: lambda: setattr(privileges, "forbid_new_privileges", _nothing),
    Layer.LIMITS: lambda: setattr(privileges, "limit", _nothing),
    Layer.LANDLOCK: lambda: setattr(landlock, "restrict", _nothing),
    Layer.SECCOMP: lambda: setattr(seccomp, "load", _nothing),
}
"""By layer, what takes it away."""


if __name__ == "__main__":
    for layer, take_away in WITHOUT.items():
        if layer != sys.argv[1]:
            take_away()
    sys.exit(zygote.main(sys.argv[2:]))
