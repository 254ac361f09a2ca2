"""Control groups of drivers, on a delegated part of the real tree; the kernel stage has one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.linux import cgroup
from runtime.supervisor import zygote as mother
from runtime.supervisor.groups import APPLIED, LIMITS, NO_GROUPS, service_groups
from runtime.supervisor.launcher import Launcher
from runtime.supervisor.pace import Pace

ROOT = Path("/sys/fs/cgroup")
SERVICE = ROOT / "ioregistry-test.service"
SMALL = cgroup.Limits(memory_bytes=48 << 20, tasks=2, cpu_weight=50)
UNIFIED = (ROOT / "cgroup.controllers").exists() and os.geteuid() == 0

needs_groups = pytest.mark.skipif(
    not UNIFIED, reason=f"no control groups of version 2 at {ROOT}, or not root"
)


@pytest.fixture
def service() -> Iterator[Path]:
    """This process in a group that was delegated to it, as systemd does."""
    (ROOT / "cgroup.subtree_control").write_text("+memory +pids +cpu")
    SERVICE.mkdir()
    os.setxattr(SERVICE, "trusted.delegate", b"1")
    (SERVICE / "cgroup.procs").write_text(str(os.getpid()))
    yield SERVICE
    (ROOT / "cgroup.procs").write_text(str(os.getpid()))
    for folder in [*SERVICE.glob("*/"), SERVICE]:
        folder.rmdir()


def child(code: str) -> subprocess.Popen[bytes]:
    """A process that waits for a line, and then does this."""
    command = [sys.executable, "-c", f"import os; input(); {code}"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)


@needs_groups
def test_a_driver_has_a_group_of_its_own_until_it_is_reaped(service: Path) -> None:
    async def run() -> None:
        zygote = mother.Zygote(print)
        launcher = Launcher(zygote, service_groups(), Pace())
        try:
            standby = await launcher.create("trial", dumpable=False)
            folder = service / f"driver-{standby.process.pid}"
            names = ("cgroup.procs", "memory.max", "pids.max", "cpu.weight")
            read = [int((folder / name).read_text()) for name in names]
            assert read == [standby.process.pid, *LIMITS]
            assert standby.applied == (APPLIED,)
            standby.kill()
            await standby.over.wait()
            assert not folder.exists()
        finally:
            await launcher.close()
            await zygote.close()

    asyncio.run(run())


@needs_groups
@pytest.mark.parametrize(
    ("code", "memory"),
    [("bytearray(100 << 20)", True), ("[os.fork() for _ in range(5)]", False)],
    ids=["memory", "tasks"],
)
def test_more_than_the_limits_is_not_to_be_had(service: Path, code: str, memory: bool) -> None:
    assert service.exists()
    with child(code) as process:
        group = cgroup.delegated().put("trial", process.pid, SMALL)
        process.communicate(b"\n")
        assert process.returncode == (-signal.SIGKILL if memory else 1)
    assert group.remove() is memory
    assert not (service / "trial").exists()


@needs_groups
def test_what_was_not_delegated_is_left_alone(service: Path) -> None:
    os.removexattr(service, "trusted.delegate")
    _, applied, (missing,) = service_groups().put(os.getpid())
    assert applied == ()
    assert "expected it delegated to the runtime" in missing
    assert not (service / "runtime").exists()


def test_without_groups_every_driver_says_so() -> None:
    group, applied, (missing,) = NO_GROUPS.put(os.getpid())
    assert (group, applied) == (None, ())
    assert "only the system service" in missing


@pytest.mark.skipif(UNIFIED, reason="this machine has control groups of version 2")
def test_a_machine_without_them_is_named() -> None:
    _, _, (missing,) = service_groups().put(os.getpid())
    assert "expected control groups of version 2, found none" in missing
