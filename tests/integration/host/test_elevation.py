"""What a driver's process is made with beyond an ordinary one, and what is said where it is not."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from runtime.host import confinement, policy
from runtime.linux import scheduling
from tests.integration.host.stage import Process, Zygote, bundle_with

IDLE = "from runtime.driverkit import *\nclass Driver(IOService): pass"

needs_precedence = pytest.mark.skipif(
    not scheduling.may_go_first(), reason="this user may not put processes before others"
)


def policies(process: Process) -> set[int]:
    """How its threads are scheduled, once it has all that it starts with."""
    process.begin()
    threads = [int(path.name) for path in Path(f"/proc/{process.pid}/task").iterdir()]
    assert len(threads) > 1
    return {os.sched_getscheduler(thread) for thread in threads}


def limits(process: Process, name: str) -> list[str]:
    """The soft and the hard limit of this name."""
    lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(name))
    return line[len(name) :].split()[:2]


@needs_precedence
def test_root_s_drivers_may_go_first_and_their_timers_are_precise(zygote: Zygote) -> None:
    """They are ordinary until somebody holds them to their share."""
    process = zygote.spawn(bundle_with(IDLE))
    assert policies(process) == {os.SCHED_OTHER}
    assert zygote.ready.elevated
    assert os.sched_getscheduler(zygote.process.pid) == os.SCHED_OTHER
    assert not [line for line in zygote.ready.missing if "elevated" in line]
    slack = Path(f"/proc/{process.pid}/timerslack_ns").read_text()
    assert int(slack) <= 1  # the kernel shows 0 for what is real time


def test_it_says_how_much_it_may_lock(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(IDLE))
    staged = process.greet()
    (soft, hard) = limits(process, "Max locked memory")
    assert soft == hard
    assert int(hard) <= policy.LOCKED_BYTES
    assert any(f"{int(hard) >> 10} KiB of it locked" in line for line in staged.may)
    short = [line for line in zygote.ready.missing if "increased capabilities" in line]
    assert bool(short) is (int(hard) < policy.LOCKED_BYTES)


def test_an_ordinary_user_s_drivers_are_ordinary_and_say_so(users_zygote: Zygote) -> None:
    assert confinement.NOT_ELEVATED in users_zygote.ready.missing
    assert not users_zygote.ready.elevated
    process = users_zygote.spawn(bundle_with(IDLE))
    assert policies(process) == {os.SCHED_OTHER}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lose a capability that it has")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_root_without_the_means_says_so() -> None:
    weak = ["setpriv", "--bounding-set=-sys_nice", sys.executable, "-m", "runtime.host.zygote"]
    stage = Zygote(weak, dict(os.environ))
    try:
        assert confinement.NOT_ELEVATED in stage.ready.missing
        assert policies(stage.spawn(bundle_with(IDLE))) == {os.SCHED_OTHER}
    finally:
        stage.close()
