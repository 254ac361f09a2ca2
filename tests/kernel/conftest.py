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
STATE = "/run/inspector"
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
        self._pid = ""  # of the runtime

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

    def start(self) -> None:
        """Start a runtime, on the state that the last one left, and wait until it listens."""
        self.machine.run("rm", "-f", SOCKET)  # a killed one's
        options = f"--socket {SOCKET} --state-dir {STATE} --allow-socket-approval"
        command = f"setsid {sys.executable} -m runtime {options} >>{LOG} 2>&1 </dev/null & echo $!"
        self._pid = self.machine.run("sh", "-c", command).stdout.strip()
        deadline = time.monotonic() + READY_TIMEOUT
        while self.machine.run("test", "-S", SOCKET).code != 0:
            assert self._runs(), f"the runtime ended: {self.log()}"
            assert time.monotonic() < deadline, f"the runtime is not ready: {self.log()}"

    def kill(self, *others: int) -> None:
        """Kill the runtime with signal 9, and other processes at the same time."""
        pids = (*map(str, others), self._pid)
        assert self.machine.run("kill", "-9", *pids).code == 0, "one of them had ended"

    def stop(self) -> None:
        """End the runtime as its user would, and wait until it is gone."""
        assert self.machine.run("kill", self._pid).code == 0, f"the runtime ended: {self.log()}"
        deadline = time.monotonic() + READY_TIMEOUT
        while self._runs():
            assert time.monotonic() < deadline, f"the runtime does not end: {self.log()}"

    def _runs(self) -> bool:
        return self.machine.run("kill", "-0", self._pid).code == 0


@pytest.fixture(scope="module")
def inspector(vm: VirtualMachine) -> Iterator[Inspector]:
    """A runtime in the guest, fresh for each file of tests."""
    ours = Inspector(vm)
    ours.start()
    yield ours
    ours.stop()
    removed = vm.run("rm", "-r", STATE, LOG)
    assert removed.code == 0, removed.stderr
