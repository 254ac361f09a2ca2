"""A process takes all the descriptors that it may have, and reaps its children without harm."""

import os
import resource
import subprocess
import sys

import pytest

from runtime.linux import scheduling, spawn

CODE = """
import resource
from runtime.linux import spawn
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
spawn.allow_descriptors()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 200
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["200", "200"]


@pytest.mark.skipif(not scheduling.may_go_first(), reason="this user may not go before others")
def test_a_child_is_reaped_at_the_least_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's reaping spins until the child's last thread is done, which may go later."""
    reap, priorities = os.waitid, []

    def waitid(kind: int, pidfd: int, options: int) -> os.waitid_result | None:
        priorities.append(os.sched_getparam(0).sched_priority)
        return reap(kind, pidfd, options)

    monkeypatch.setattr(os, "waitid", waitid)
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    pidfd = os.pidfd_open(child.pid)
    policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    try:
        os.sched_setscheduler(0, policy, os.sched_param(2))
        assert spawn.wait_exit(pidfd) is None
        child.communicate(b"\n")
        assert os.sched_getscheduler(0) == policy
        assert os.sched_getparam(0).sched_priority == 2
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.close(pidfd)
        child.kill()
        child.wait()
    assert priorities == [scheduling.LEAST]
