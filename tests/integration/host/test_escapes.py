"""What a driver tries and may not: each attempt is made from inside a real driver process.

Each is made once more with one layer of the sandbox alone, for every layer: what is not among
the layers that stop it lets it succeed.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.host.confinement import DENIALS, Layer
from runtime.linux import landlock
from runtime.wire import methods
from tests.integration.host import weakened
from tests.integration.host.attempts import ATTEMPTS, OF_DENIAL, SOURCE
from tests.integration.host.stage import Provider, Zygote, bundle_with

KEY = 0x696F7265  # of the message queue and the shared memory
IPC_CREAT, IPC_RMID = 0o1000, 0

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take each layer away")
needs_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are x86_64's")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach: what is closed in it, and what is open."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "home").mkdir(mode=0o700)
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        (folder / "closed").touch(mode=0o000)
        os.chown(folder / "closed", 65534, 65534)
        shutil.copy("/usr/bin/cat", folder)
        (folder / "cat").chmod(0o4755)
        yield folder


@pytest.fixture
def outside(folder: Path) -> Iterator[dict[str, object]]:
    """What the attempts want, by the name that they know it by."""
    victim = subprocess.Popen(["sleep", "100"])
    queue = ctypes.CDLL(None).msgget(KEY, IPC_CREAT | 0o666)
    memory = ctypes.CDLL(None).shmget(KEY, 4096, IPC_CREAT | 0o666)
    abstract = f"\0ioregistry-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as nameless,
    ):
        server.bind(str(folder / "server"))
        (folder / "server").chmod(0o777)
        nameless.bind(abstract)
        server.listen()
        nameless.listen()
        yield {
            "FOLDER": str(folder),
            "SYSTEM_FILE": "/usr/lib/os-release",
            "LISTENING": listening.getsockname(),
            "SERVER": str(folder / "server"),
            "ABSTRACT": abstract,
            "OUTSIDE": victim.pid,
            "CPUS": os.sched_getaffinity(0),
            "KEY": KEY,
            "ATTEMPTS": list(ATTEMPTS),
        }
    victim.kill()
    victim.wait()
    ctypes.CDLL(None).msgctl(queue, IPC_RMID, None)
    ctypes.CDLL(None).shmctl(memory, IPC_RMID, None)


def tried(zygote: Zygote, outside: dict[str, object]) -> set[str]:
    """Have a driver try everything; what it was denied."""
    names = "\n".join(f"{name} = {value!r}" for name, value in outside.items())
    process = zygote.spawn(bundle_with(SOURCE.replace("NAMES", names)))
    process.begin()
    process.call(1, methods.Start(), Provider())
    lines = process.wait_log(lambda lines: lines[-1:] == ["end"])[:-1]
    assert len(lines) == len(ATTEMPTS)
    return {code for how, _, code in (line.partition(" ") for line in lines) if how == "denied"}


@needs_x86
@needs_root
def test_every_escape_is_denied(zygote: Zygote, outside: dict[str, object]) -> None:
    assert tried(zygote, outside) == set(ATTEMPTS)
    assert not Path(str(outside["FOLDER"]), "open", "escape").exists()


@needs_x86
def test_every_escape_is_denied_to_an_ordinary_user_s_driver(
    users_zygote: Zygote, outside: dict[str, object]
) -> None:
    assert tried(users_zygote, outside) == set(ATTEMPTS)


@needs_x86
@needs_root
@pytest.mark.parametrize("layer", Layer)
def test_a_layer_alone_stops_its_attempts_and_no_others(
    layer: Layer, outside: dict[str, object]
) -> None:
    stage = Zygote([sys.executable, "-m", weakened.__name__, layer])
    try:
        denied = tried(stage, outside)
    finally:
        stage.close()
    abi = landlock.abi()
    assert denied == {code for code, by in ATTEMPTS.items() if layer in by.stopped_by(abi)}


@pytest.mark.parametrize("abi", range(8))
def test_what_is_said_to_stop_something_stops_every_attempt_at_it(abi: int) -> None:
    assert set(OF_DENIAL) == set(DENIALS)
    for what, attempts in OF_DENIAL.items():
        stops = [attempt.stopped_by(abi) for attempt in attempts.values()]
        assert DENIALS[what].stopped_by(abi) == frozenset.intersection(*stops), what


def test_the_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOP_SECRET", "of-the-user")
    stage = Zygote()
    try:
        process = stage.spawn(
            bundle_with(
                """
import os
from runtime.driverkit import *

class Driver(IOService):
    def Start(self, provider): IOLog(repr(dict(os.environ)))
"""
            )
        )
        process.begin()
        process.call(1, methods.Start(), Provider())
        assert process.wait_log(bool) == ["{'LANG': 'C.UTF-8'}"]
        environment = Path(f"/proc/{stage.process.pid}/environ").read_bytes()
        assert b"of-the-user" not in environment
    finally:
        stage.close()


IMPORTS = """
asyncio bz2 calendar concurrent.futures configparser csv ctypes.util curses.ascii dataclasses
datetime decimal difflib email.message encodings.idna fractions getpass gettext glob hashlib heapq
hmac html.parser http.client importlib.resources ipaddress json.tool logging.handlers lzma
multiprocessing.connection pathlib plistlib pprint queue random sched secrets selectors shelve
sqlite3 ssl statistics struct tempfile textwrap tomllib unittest uuid wave xml.etree.ElementTree
zipfile zoneinfo msgspec.json
"""


def test_late_imports_work_inside(zygote: Zygote) -> None:
    names = IMPORTS.split()
    source = f"""
import importlib
from runtime.driverkit import *

class Driver(IOService):
    def Start(self, provider):
        for name in {names!r}:
            try:
                importlib.import_module(name)
            except Exception as error:
                IOLog(f"{{name}}: {{error!r}}")
        IOLog("end")
"""
    process = zygote.spawn(bundle_with(source))
    process.begin()
    process.call(1, methods.Start(), Provider())
    assert process.wait_log(lambda lines: "end" in lines) == ["end"]


def test_threads_work_and_are_bounded(zygote: Zygote) -> None:
    source = """
import threading
from runtime.driverkit import *

class Driver(IOService):
    def Start(self, provider):
        gate = threading.Event()
        started = 0
        try:
            for _ in range(200):
                threading.Thread(target=gate.wait, daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        IOLog(f"{started}")
        gate.set()
"""
    process = zygote.spawn(bundle_with(source))
    process.begin()
    process.call(1, methods.Start(), Provider())
    assert 16 <= int(process.wait_log(bool)[0]) < 100


def test_a_ctrl_c_is_not_for_it_and_a_kill_is(zygote: Zygote) -> None:
    process = zygote.spawn(
        bundle_with("from runtime.driverkit import *\nclass Driver(IOService): pass")
    )
    process.begin()
    os.kill(process.pid, signal.SIGINT)  # Ctrl-C at the terminal is not for drivers
    assert process.call(1, methods.Start(), Provider()) is not None
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait().number == signal.SIGKILL
