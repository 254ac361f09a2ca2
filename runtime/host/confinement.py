"""What a driver may and may not, in words, from the layers of the sandbox that hold it.

Each denial names the layers that stop it, each of them alone; what no layer stops is told
among what the driver may. The tests try every one of them with one layer at a time.
Invariant: pure; says nothing that the layers given do not do.
"""

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runtime.wire import limits


class Layer(enum.StrEnum):
    """What confines a driver; in the order in which a child takes them on."""

    ROOT = "private root"
    NETWORK = "empty network namespace"
    PID = "PID namespace"
    IPC = "IPC namespace"
    USER = "own user"
    CAPABILITIES = "no capabilities"
    PRIVILEGES = "no new privileges"
    LIMITS = "limits"
    LANDLOCK = "Landlock"
    SECCOMP = "seccomp"


@dataclass(frozen=True)
class Denial:
    """The layers that stop something, and the first ABI of Landlock that does too, 0 for none."""

    layers: frozenset[Layer]
    landlock: int = 0

    def stopped_by(self, abi: int) -> frozenset[Layer]:
        """All layers that stop it, each alone, where Landlock is of this ABI."""
        return self.layers | ({Layer.LANDLOCK} if 0 < self.landlock <= abi else frozenset())


def _by(*layers: Layer, landlock: int = 0) -> Denial:
    return Denial(frozenset(layers), landlock)


DENIALS: Mapping[str, Denial] = {
    "read or change other files": _by(Layer.ROOT, landlock=1),
    "open a device": _by(Layer.ROOT, landlock=1),
    "reach the network": _by(Layer.NETWORK, Layer.SECCOMP, landlock=4),
    "reach other programs' sockets": _by(Layer.SECCOMP),
    "see other processes": _by(Layer.ROOT, landlock=1),
    "signal other processes": _by(Layer.PID, Layer.USER, Layer.SECCOMP, landlock=6),
    "look into or change other processes": _by(Layer.PID, Layer.SECCOMP),
    "share memory or messages with other programs": _by(Layer.IPC, Layer.SECCOMP),
    "start processes": _by(Layer.SECCOMP),
    "run programs": _by(Layer.SECCOMP, landlock=1),
    "become root": _by(Layer.USER, Layer.SECCOMP),
    "gain privileges": _by(Layer.ROOT, Layer.PRIVILEGES, Layer.SECCOMP, landlock=1),
    "change the machine's mounts or names": _by(Layer.USER, Layer.CAPABILITIES, Layer.SECCOMP),
    "use parts of the kernel that a driver has no need of": _by(Layer.SECCOMP),
    "take more than its limits": _by(Layer.LIMITS),
}
"""By what is denied."""

GRANTS = (
    "read its own bundle, from memory, and map the native modules of bundles",
    "read Python, its libraries and the time zones, and change none of them",
    "use clocks, random numbers and threads, with timers as precise as the machine's",
    f"log {limits.LOG_LINES} lines a second; what is above is counted, not kept",
)

NOT_ELEVATED = "elevated scheduling: only root can put drivers before ordinary programs"


@dataclass(frozen=True)
class Confinement:
    """What holds for one process, one sentence or part of one each.

    Attributes:
        applied: The means.
        may: What is left to it; after "may".
        may_not: What it has lost, and by which means; after "may not".
    """

    applied: tuple[str, ...]
    may: tuple[str, ...]
    may_not: tuple[str, ...]


def told(
    applied: Collection[str],
    layers: Collection[Layer],
    abi: int,
    bounds: str,
) -> Confinement:
    """Put a confinement into words.

    Args:
        applied: The means, one sentence each.
        layers: Those that hold.
        abi: Of Landlock, 0 without it.
        bounds: What its limits are.
    """
    may = [*GRANTS, f"use {bounds}"]
    may_not = []
    for what, denial in DENIALS.items():
        stopped_by = denial.stopped_by(abi)
        held = [layer for layer in Layer if layer in stopped_by and layer in layers]
        if held:
            may_not.append(f"{what} ({', '.join(held)})")
        else:
            may.append(f"{what}: nothing on this machine stops it")
    return Confinement(tuple(applied), tuple(may), tuple(may_not))
