"""A campaign against whole processes: driver, broker, zygote or runtime end at a random time.

A real runtime with the sample's extension and device, policy *always at once*. A fault is effective
when its victim has ended: a driver and a broker are the first of their namespaces, which a signal
that is sent ends only if nothing else can. It is recovered when all are there again and the driver
runs. A new runtime has to know what the last one acknowledged, and nothing of the last one may be
left.
Invariant: the same seed gives the same victims, signals and delays.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.fault_campaign.tally import Tally
from benchmarks.stage import ROOT, SAMPLE, TIMEOUT
from runtime.client.blocking import Connection, connect
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import UnavailableError
from runtime.model.outcome import Exit, ExitHow
from runtime.model.processes import Role
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import ReadProcesses
from runtime.wire.commands.extensions import Activate, Decide, SetDeveloperMode
from runtime.wire.commands.registry import GetRecords

R = TypeVar("R")

VICTIMS = {"driver": Role.DRIVER, "broker": Role.BROKER, "zygote": Role.ZYGOTE, "runtime": None}
SIGNALS = (signal.SIGKILL, signal.SIGSEGV)
WAIT_SECONDS = 0.05  # at most, before a fault: what is hit is at another point each time
ROLES = tuple(role for role in VICTIMS.values() if role is not None)
ENDS_SECONDS = 0.5  # for a process that a signal ends
LOOK_SECONDS = 0.001  # between two looks whether all is well again


class ProcessCampaign:
    """Ends processes of one runtime after the other, and counts what becomes of them.

    Args:
        seed: Of all faults.
        progress: Called after each fault with how many are over.
    """

    def __init__(self, seed: int, progress: Callable[[int], None]) -> None:
        self.tally = Tally(tuple(VICTIMS))
        self._seed = seed
        self._progress = progress

    def run(self, first: int, count: int) -> None:
        """Inject `count` faults, from the one with the number `first` on."""
        with tempfile.TemporaryDirectory(prefix="ioregistry-faults-") as folder:
            line = _Line(Path(folder))
            try:
                line.start()
                line.approve()
                for number in range(first, first + count):
                    self._one(line, number)
                    self._progress(self.tally.injected.total())
            except (TimeoutError, UnavailableError) as error:
                self.tally.failures.append(f"after {self.tally.injected.total()} faults: {error}")
            finally:
                line.end()

    def _one(self, line: "_Line", number: int) -> None:
        chance = random.Random(f"{self._seed}:{number}")  # noqa: S311 - reproducible, not secret
        name, how = chance.choice(list(VICTIMS)), chance.choice(SIGNALS)
        there = line.wait_whole({})
        time.sleep(chance.uniform(0, WAIT_SECONDS))
        self.tally.injected[name] += 1
        exit_ = Exit(ExitHow.SIGNAL, int(how))
        began = time.perf_counter()
        role = VICTIMS[name]
        if role is None:
            self._replace_runtime(line, how, developer=chance.random() < 0.5)
        else:
            os.kill(there[role], how)
            if not _ends(there[role]):
                return
        self.tally.ended(name, exit_)
        line.wait_whole({} if role is None else {role: there[role]})
        self.tally.answered(name, exit_, (time.perf_counter() - began) * 1000)

    def _replace_runtime(self, line: "_Line", how: signal.Signals, *, developer: bool) -> None:
        line.call(SetDeveloperMode(on=developer))  # acknowledged: kept from here on
        line.kill(how)
        line.start()
        kept = line.call(GetRecords())
        if kept.status.developer is not developer or len(kept.extensions) != 1:
            self.tally.failures.append(f"lost: developer mode {developer}, or the extension")
        line.call(SetDeveloperMode(on=True))
        line.call(Plug("sample"))


class _Line:
    """A runtime on one state folder, the connection to it, and its children."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runtime: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def start(self) -> None:
        """Start a runtime and connect to it.

        Raises:
            TimeoutError: It does not answer.
        """
        command = [sys.executable, "-m", "runtime", "--socket", str(self._folder / "socket")]
        command += ["--state-dir", str(self._folder / "state")]
        command += ["--allow-socket-approval", "--restart-at-once"]
        self._runtime = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        _wait(self._answers, "a runtime that answers")

    def call(self, command: CommandOf[R]) -> R:
        """Have the runtime carry a command out."""
        assert self._connection is not None
        return self._connection.call(command)

    def approve(self) -> None:
        """Have the sample's extension and its device."""
        self.call(SetDeveloperMode(on=True))
        request = self.call(Activate(str(SAMPLE)))
        self.call(Decide(request.id, request.content_hash, request.nonce, approve=True))
        self.call(Plug("sample"))

    def wait_whole(self, before: dict[Role, int]) -> dict[Role, int]:
        """Return the victims' pids once all are there, others than before, and the driver runs.

        Raises:
            TimeoutError: It does not come to that.
        """
        found: dict[Role, int] = {}

        def whole() -> bool:
            found.clear()
            found.update({each.role: each.pid for each in self.call(ReadProcesses()).processes})
            drivers = self.call(GetRecords()).drivers
            running = [one.pid for one in drivers if one.state is DriverState.RUNNING]
            there = all(found.get(role, 0) not in (0, before.get(role)) for role in ROLES)
            return there and running == [found[Role.DRIVER]]

        _wait(whole, "all processes and a running driver")
        return found

    def kill(self, how: signal.Signals) -> None:
        """End the runtime by a signal, and wait until no child of it is left.

        Raises:
            TimeoutError: One is.
        """
        assert self._runtime is not None
        left = _children(self._runtime.pid)
        self._runtime.send_signal(how)
        self._runtime.wait(TIMEOUT)
        self._hang_up()
        _wait(lambda: not any(map(_alive, left)), f"the end of the runtime's children {left}")

    def end(self) -> None:
        """End the runtime in order."""
        self._hang_up()
        if self._runtime is not None:
            self._runtime.terminate()
            self._runtime.wait(TIMEOUT)

    def _answers(self) -> bool:
        """A killed runtime's child may hold its socket until it has ended, and answers nothing."""
        self._hang_up()
        try:
            self._connection = connect("faults", self._folder / "socket")
            self.call(GetRecords())
        except UnavailableError:
            return False
        return True

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _ends(pid: int) -> bool:
    """Whether a process ends soon."""
    deadline = time.monotonic() + ENDS_SECONDS
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    return not _alive(pid)


def _wait(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected {what} within {TIMEOUT:.0f} s, found none")
        time.sleep(LOOK_SECONDS)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    """Whether a process is there and no zombie, which an orphan's next parent has to reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
