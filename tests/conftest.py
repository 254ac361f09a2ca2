"""What holds for every test: nothing of the user's is touched, nothing is left behind.

Invariant: a test that leaks a process, thread, descriptor or asyncio task fails by itself.
"""

import atexit
import functools
import gc
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("kernel", "frozen")
_TOKEN = f"IOREGISTRY_TEST={uuid.uuid4().hex}"
_GRACE = float(
    os.environ.get("IOREGISTRY_GRACE", "5")
)  # seconds in which what a test started has to be gone


def _isolate() -> None:
    """Before anything imports Qt or asks for a folder: off screen, and folders of our own."""
    home = tempfile.mkdtemp(prefix="ioregistry-test-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("IOREGISTRY_")]:
        if name != "IOREGISTRY_CORPORA":
            del os.environ[name]
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)  # a test notifies nobody
    for variable in ("STATE_HOME", "CONFIG_HOME", "DATA_HOME", "RUNTIME_DIR"):
        folder = Path(home) / variable.lower()
        folder.mkdir(mode=0o700)
        os.environ[f"XDG_{variable}"] = str(folder)
    os.environ["HOME"] = home
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    name, value = _TOKEN.split("=")
    os.environ[name] = value


_isolate()
# Who runs in a shell's background ignores it, and so would every program that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of a stage, and of how long what is repeated goes on."""
    parser.addoption("--stage", choices=STAGES, help="run the tests of this stage too")
    parser.addoption("--rounds", type=int, help="of tests that kill again and again (a few)")


@pytest.hookimpl(tryfirst=True)  # before pytest's own, which selects by mark
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark a stage's tests by their folder; skip those of the stages that were not asked for."""
    for item in items:
        folder = next((name for name in STAGES if ROOT / "tests" / name in item.path.parents), "")
        if not folder:
            continue
        item.add_marker(folder)
        if config.getoption("--stage") != folder:
            item.add_marker(pytest.mark.skip(f"a stage of its own: scripts/test --{folder}"))


_MEASURED = "measured"


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Take one line about what was measured; all are printed at the end of the run."""
    return functools.partial(record_property, _MEASURED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, in whichever process it was."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    called = [report for report in reports if getattr(report, "when", "") == "call"]
    lines = [
        line for report in called for name, line in report.user_properties if name == _MEASURED
    ]
    if lines:
        terminalreporter.section("measured")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int | None:
    """How often a test that kills does so; None for its own, short number."""
    chosen: int | None = request.config.getoption("--rounds")
    return chosen


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real inputs beside the checkout; skips where it is absent."""
    places = [ROOT.parent / "shared" / "corpora", ROOT.parents[1] / "shared" / "corpora"]
    if "IOREGISTRY_CORPORA" in os.environ:
        places = [Path(os.environ["IOREGISTRY_CORPORA"])]
    for place in places:
        if place.is_dir():
            return place
    pytest.skip(f"no corpora: expected the folder {places[0]}, found nothing")


# --- leaks ------------------------------------------------------------------------------------


def _processes() -> dict[int, str]:
    """Processes with our token in their environment, by pid: ours and their orphans."""
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if _TOKEN.encode() in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                if not _is_spare(folder, command):
                    found[int(folder.name)] = command.decode(errors="replace").strip()
        except OSError:
            continue  # gone meanwhile, or another user's
    return found


def _is_spare(folder: Path, command: bytes) -> bool:
    """Whether it is what a runtime that lives on keeps ready, another one for each job."""
    if not command.endswith(b" spare "):
        return False
    parent = next(line for line in (folder / "status").read_text().split("\n") if "PPid" in line)
    return b"runtime" in Path("/proc", parent.split()[1], "cmdline").read_bytes()


def _children() -> dict[int, str]:
    """Direct children, zombies too, which have no environment any more."""
    found: dict[int, str] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = (task / "children").read_text().split()
        except OSError:
            continue  # a thread that ended meanwhile
        found |= {int(pid): f"child {pid}" for pid in pids}
    return found


def _descriptors() -> dict[int, str]:
    """Open descriptors, but those that Qt and fontconfig open once and keep."""
    found: dict[int, str] = {}
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue  # the descriptor that lists the folder
        if not target.startswith(("/usr/", "/var/cache/", "anon_inode:[eventfd]")):
            found[int(link.name)] = target
    return found


def _threads() -> dict[int, str]:
    return {id(thread): repr(thread) for thread in threading.enumerate()}


class _AsyncioComplaints(logging.Handler):
    """Keeps what asyncio says of tasks that nobody waited for."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "was destroyed" in message or "never retrieved" in message:
            self.said.append(message)


def _new(read: Callable[[], dict[int, str]], before: dict[int, str]) -> dict[int, str]:
    return {key: what for key, what in read().items() if before.get(key) != what}


def _left(read: Callable[[], dict[int, str]], before: dict[int, str]) -> dict[int, str]:
    """What is there now and was not before, once it had time to go."""
    if not _new(read, before):
        return {}
    gc.collect()
    deadline = time.monotonic() + _GRACE
    while (left := _new(read, before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves a process, thread, descriptor or asyncio task behind."""
    complaints = _AsyncioComplaints()
    logging.getLogger("asyncio").addHandler(complaints)
    reads = {
        "process": _processes,
        "child": _children,
        "thread": _threads,
        "descriptor": _descriptors,
    }
    before = {name: read() for name, read in reads.items()}
    yield
    gc.collect(1)
    logging.getLogger("asyncio").removeHandler(complaints)
    left = {name: _left(read, before[name]) for name, read in reads.items()}
    for pid in left["process"]:
        os.kill(pid, signal.SIGKILL)  # so that the next test is judged by itself
    told = [f"{name}: {what}" for name, found in left.items() for what in found.values()]
    if told or complaints.said:
        pytest.fail("left behind: " + "; ".join(told + complaints.said))
