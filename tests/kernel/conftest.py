"""The VM that the tests of this stage share, and a runtime inside it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel import image
from tests.kernel.vm import Result, VirtualMachine

BIN = Path(sys.executable).parent
SOCKET = "/run/inspector.sock"
LOG = "/run/inspector.log"
READY_TIMEOUT = 120.0  # seconds; the guest runs Python about 15 times slower


@pytest.fixture(scope="session")
def vm() -> Iterator[VirtualMachine]:
    """A booted guest with QEMU's USB keyboard below its xHCI controller."""
    with VirtualMachine(image.prepare(image.cache_folder())) as machine:
        yield machine


class Inspector:
    """The project's commands, run in the guest against the runtime there."""

    def __init__(self, machine: VirtualMachine) -> None:
        self.machine = machine
        self.pid = ""  # of the runtime

    def attempt(self, name: str, *arguments: str) -> Result:
        """Run one of the project's commands to its end."""
        environment = {"IOREGISTRY_SOCKET": SOCKET}
        return self.machine.run(str(BIN / name), *arguments, env=environment, timeout=120)

    def run(self, name: str, *arguments: str) -> str:
        """Run one that has to succeed; return what it printed."""
        result = self.attempt(name, *arguments)
        complaint = f"{name} {' '.join(arguments)}: {result.stdout}{result.stderr}"
        assert result.code == 0, complaint + self.log()
        return result.stdout

    def until(self, condition: Callable[[str], bool], name: str, *arguments: str) -> str:
        """Run one again and again until its output satisfies the condition."""
        deadline = time.monotonic() + READY_TIMEOUT
        while not condition(printed := self.run(name, *arguments)):
            assert time.monotonic() < deadline, f"{name} {' '.join(arguments)}: {printed}"
        return printed

    def log(self) -> str:
        """What the runtime said."""
        return "\n" + self.machine.run("cat", LOG).stdout[-4000:]


@pytest.fixture(scope="module")
def inspector(vm: VirtualMachine) -> Iterator[Inspector]:
    """A runtime in the guest, fresh for each file of tests."""
    ours = Inspector(vm)
    options = f"--socket {SOCKET} --state-dir /run/inspector --allow-socket-approval"
    command = f"{sys.executable} -m runtime {options}"
    started = vm.run("sh", "-c", f"setsid {command} >{LOG} 2>&1 </dev/null & echo $!")
    pid = ours.pid = started.stdout.strip()
    deadline = time.monotonic() + READY_TIMEOUT
    while vm.run("test", "-S", SOCKET).code != 0:
        assert vm.run("kill", "-0", pid).code == 0, f"the runtime ended: {ours.log()}"
        assert time.monotonic() < deadline, f"the runtime is not ready: {ours.log()}"
    yield ours
    ended = vm.run(
        "sh",
        "-c",
        f"kill {pid}; while kill -0 {pid} 2>/dev/null; do sleep 0.1; done; rm -r /run/inspector",
    )
    assert ended.code == 0, ended.stderr
