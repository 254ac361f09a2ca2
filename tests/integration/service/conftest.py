"""The system service beside a real polkitd on a private bus, and users who visit it."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from runtime.client.blocking import Connection, connect
from runtime.linux import usage
from runtime.model.errors import InspectorError, ProblemError, UnavailableError
from runtime.wire.commands.registry import GetRecords
from tests.integration.dbus_mock import listens

ROOT = Path(__file__).resolve().parents[3]
POLKITD = Path("/usr/lib/polkit-1/polkitd")
PKEXEC = Path("/usr/share/polkit-1/actions/org.freedesktop.policykit.policy")
ANNA, BERTA = 64_101, 64_102  # users that no machine has
SECONDS = 20.0
_BUS = """<busconfig>
  <type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/>
    <allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
    <allow receive_type="method_return"/><allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
</busconfig>"""
_RULES = """polkit.addAdminRule(function(action, subject) { return ["unix-user:0"]; });
polkit.addRule(function(action, subject) {
  // No session manager runs beside the tests: they stand in for "in an active, local session".
  if (action.id.indexOf("org.ioregistry.") == 0) return polkit.Result.AUTH_ADMIN;
});
"""
_MOUNTS = """set -e
mount --make-rprivate /
mount --bind "$1/actions" /usr/share/polkit-1/actions
mount --bind "$1/none" /usr/share/polkit-1/rules.d
mount --bind "$1/rules" /etc/polkit-1/rules.d
exec "$2" --no-debug
"""


class Bus:
    """A private system bus with a real polkitd."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}
        self._processes: list[subprocess.Popen[Any]] = []
        (folder / "bus.conf").write_text(_BUS.format(folder=folder))
        self._start("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile")
        wait_for(lambda: listens(folder / "bus"))

    def start_polkit(self) -> None:
        for name in ("actions", "none", "rules"):
            (self.folder / name).mkdir()
            (self.folder / name).chmod(0o755)
        (self.folder / "rules" / "10-test.rules").write_text(_RULES)
        ours = ROOT / "resources/polkit/org.ioregistry.Inspector.policy"
        for policy in (ours, PKEXEC):
            shutil.copy(policy, self.folder / "actions")
        self._start("unshare", "--mount", "sh", "-c", _MOUNTS, "sh", str(self.folder), str(POLKITD))

    def start_desktop(self) -> "Desktop":
        script = ROOT / "tests/integration/service/desktop.py"
        process = self._start(
            sys.executable, str(script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return Desktop(process)

    def _start(self, *command: str, **pipes: Any) -> subprocess.Popen[Any]:
        process = subprocess.Popen(command, env=self.environment, **pipes)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._processes):
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.kill()
            process.wait()


class Desktop:
    """The test's end of `desktop.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._read()

    def sit(self, uid: int, **session: object) -> None:
        """Only this user sits at the machine; fields are named as logind's properties."""
        self.order(sessions={uid: session})

    def answer(self, visitor: "Visitor", how: str) -> None:
        """An agent for a visitor answers its questions so from now on."""
        self.order(agent=how, pid=visitor.pid, started=usage.started_ticks(visitor.pid))

    def asked(self) -> list[str]:
        """What was asked since the last time."""
        found: list[str] = self.order()
        return found

    def order(self, **order: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the desktop ended"
        return json.loads(line)


class Visitor:
    """A user's program with a connection to the service: a process of its own."""

    def __init__(self, socket: Path, uid: int, groups: tuple[int, ...]) -> None:
        self._ours, theirs = Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            with suppress(BaseException):
                self._ours.close()
                os.setgroups(groups)
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                _serve(theirs, connect("visitor", socket))
            os._exit(0)
        theirs.close()

    def ask(self, command: object) -> None:
        self._ours.send_bytes(pickle.dumps(command))

    def answer(self) -> Any:
        """What came of what was asked: the answer, or raised, the refusal."""
        assert self._ours.poll(SECONDS), "no answer came in time"
        found = pickle.loads(self._ours.recv_bytes())
        if isinstance(found, tuple):
            raise ProblemError(*found)
        return found

    def call(self, command: object) -> Any:
        self.ask(command)
        return self.answer()

    def leave(self) -> None:
        """Be killed; idempotent."""
        self._ours.close()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


def _serve(pipe: Any, connection: Connection) -> None:
    while True:
        try:
            command = pickle.loads(pipe.recv_bytes())
            answer = connection.call(command)
        except ProblemError as error:
            answer = (error.code, str(error))
        except InspectorError as error:
            answer = ("ended", str(error))
        pipe.send_bytes(pickle.dumps(answer))


class Service:
    """`python -m runtime --system` with folders of its own; or with other options."""

    def __init__(self, folder: Path, environment: dict[str, str], option: str = "--system") -> None:
        self.socket = folder / "run" / "runtime.sock"
        self.state_dir = folder / "state"
        self._visitors: list[Visitor] = []
        self._root: Connection | None = None
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "runtime", option),
                *("--socket", str(self.socket), "--state-dir", str(self.state_dir)),
            ],
            cwd=ROOT,
            env=environment,
        )

    @property
    def root(self) -> Connection:
        """A connection of root."""
        if self._root is None:
            wait_for(lambda: self.socket.exists() or self._process.poll() is not None)
            self._root = wait_for(lambda: _connected(self.socket))
        return self._root

    def visitor(self, uid: int, *groups: int) -> Visitor:
        self.root.call(GetRecords())
        visitor = Visitor(self.socket, uid, groups)
        self._visitors.append(visitor)
        return visitor

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.leave()
        if self._root is not None:
            self._root.close()
        self._process.terminate()
        assert self._process.wait(SECONDS) == 0


def _connected(socket: Path) -> Connection | None:
    with suppress(UnavailableError):
        return connect("root", socket)
    return None


def wait_for(look: Any) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "expected it in time, found nothing"
        time.sleep(0.01)
    return found


def _needed() -> str:
    if os.geteuid() != 0:
        return "the service runs as root"
    for program in ("dbus-daemon", "unshare", str(POLKITD)):
        if shutil.which(program) is None:
            return f"no {program}: packages dbus and polkitd"
    return ""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user reaches: polkitd and visitors are others than root."""
    if missing := _needed():
        pytest.skip(missing)
    with tempfile.TemporaryDirectory(prefix="ioregistry-service-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def bus(folder: Path) -> Iterator[Bus]:
    made = Bus(folder)
    yield made
    made.close()


@pytest.fixture
def desktop(bus: Bus) -> Desktop:
    bus.start_polkit()
    return bus.start_desktop()


@pytest.fixture
def service(folder: Path, bus: Bus) -> Iterator[Service]:
    made = Service(folder, bus.environment)
    yield made
    made.close()
