"""What a driver's process may use, held by a control group of its own.

Only where a part of the control groups' tree was delegated to the runtime, as systemd does for
the system service; elsewhere the limits that every process can have stand alone.
Invariant: what is not applied is said, on every driver.
"""

from runtime.linux.cgroup import Group, Limits, Subtree, delegated

LIMITS = Limits(memory_bytes=512 << 20, tasks=64, cpu_weight=50)

APPLIED = (
    f"control group: at most {LIMITS.memory_bytes >> 20} MiB of memory and {LIMITS.tasks} tasks, "
    "half an ordinary process's share of the CPU"
)
OVER = f"it used more than {LIMITS.memory_bytes >> 20} MiB of memory"


class Groups:
    """Groups for driver processes, or none.

    Args:
        subtree: Where they are made; None: there can be none.
        missing: Why not, as a sentence for each driver.
    """

    def __init__(self, subtree: Subtree | None, missing: str = "") -> None:
        self._subtree = subtree
        self._missing = missing

    def put(self, pid: int) -> tuple[Group | None, tuple[str, ...], tuple[str, ...]]:
        """Put a new process into a group; the group, what is applied, and what is not."""
        if self._subtree is None:
            return None, (), (self._missing,)
        try:
            return self._subtree.put(f"driver-{pid}", pid, LIMITS), (APPLIED,), ()
        except OSError as error:
            return None, (), (f"control group limits: {error}",)


NO_GROUPS = Groups(None, "control group limits: only the system service has a group to divide")


def service_groups() -> Groups:
    """Return groups below the service's own, if it was delegated; it is rearranged for that."""
    try:
        return Groups(delegated())
    except OSError as error:
        return Groups(None, f"control group limits: {error}")
