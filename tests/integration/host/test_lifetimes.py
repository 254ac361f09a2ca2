"""Who ends when somebody else does: zygote, runtime, driver; and both modes of the sandbox."""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.linux.sockets import receive_packet, send_packet, seqpacket_pair
from runtime.model.outcome import Exit, ExitHow
from runtime.wire import codec, driver, methods
from runtime.wire import zygote as zygote_wire
from tests.integration.host.stage import (
    DEADLINE_S,
    NOBODY,
    ROOT,
    SAMPLE,
    SERVICE,
    Process,
    Provider,
    Zygote,
    a_load,
    bundle_of,
    bundle_with,
    private_copy,
)

IDLE = "from runtime.driverkit import *\nclass Driver(IOService): pass"

HOLDS_THE_GIL = """
import ctypes
from runtime.driverkit import *

class Driver(IOService):
    def Start(self, provider):
        IOLog("holding")
        ctypes.PyDLL(None).sleep(1000)
"""

RUNTIME = """
import sys, time
sys.path.insert(0, sys.argv[1])
from tests.integration.host.stage import SERVICE, Zygote, bundle_with
from runtime.wire import driver, methods

process = Zygote().spawn(bundle_with(sys.stdin.read()))
process.begin()
process.send(driver.Call(1, SERVICE, methods.Start()))
process.wait_log(bool)
print(process.pid, flush=True)
time.sleep(1000)
"""


def started(zygote: Zygote) -> Process:
    process = zygote.spawn(bundle_with(IDLE))
    process.begin()
    assert isinstance(process.call(1, methods.Start(), Provider()), driver.Reply)
    return process


def test_drivers_run_on_when_the_zygote_is_killed(zygote: Zygote) -> None:
    process = started(zygote)
    zygote.process.kill()
    zygote.process.wait(DEADLINE_S)
    assert isinstance(process.call(2, methods.Stop(), Provider()), driver.Reply)
    process.send(driver.Goodbye())
    assert process.wait() == Exit(ExitHow.CODE, 0)


def test_the_zygote_ends_with_its_runtime(zygote: Zygote) -> None:
    zygote.socket.close()
    assert zygote.process.wait(DEADLINE_S) == 0


def test_a_malformed_spawn_ends_the_zygote(zygote: Zygote) -> None:
    send_packet(zygote.socket, b"\xc1")
    assert zygote.process.wait(DEADLINE_S) == 2


def test_a_driver_ends_when_the_runtime_closes_its_control_socket(zygote: Zygote) -> None:
    process = started(zygote)
    process.control.close()
    assert process.wait() == Exit(ExitHow.CODE, 1)
    for fd in (process.pidfd, process.output, process.crash, process.bundle):
        os.close(fd)
    for sock in (process.watch, process.provider):
        sock.close()
    zygote.drivers.remove(process)


def test_a_busy_driver_ends_when_the_runtime_closes_its_watch_socket(zygote: Zygote) -> None:
    source = "\n".join([IDLE.replace("pass", ""), " def init(self):", "  while True: pass"])
    process = zygote.spawn(bundle_with(source))
    process.begin()
    process.send(driver.Call(1, SERVICE, methods.Start()))
    process.watch.shutdown(2)
    assert process.wait() == Exit(ExitHow.CODE, 1)


def test_a_killed_runtime_leaves_no_driver_even_one_that_holds_the_gil() -> None:
    root = str(ROOT)
    with subprocess.Popen(
        [sys.executable, "-c", RUNTIME, root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as runtime:
        assert runtime.stdin is not None
        assert runtime.stdout is not None
        runtime.stdin.write(HOLDS_THE_GIL)
        runtime.stdin.close()
        pidfd = os.pidfd_open(int(runtime.stdout.readline()))
        try:
            assert not select.select([pidfd], [], [], 0)[0]
            runtime.kill()
            assert select.select([pidfd], [], [], DEADLINE_S)[0]
        finally:
            os.close(pidfd)


def test_a_bundle_that_is_not_sealed_is_refused(zygote: Zygote) -> None:
    control, their_control = seqpacket_pair()
    watch, their_watch = seqpacket_pair()
    output, their_output = os.pipe()
    loose = os.memfd_create("loose", os.MFD_ALLOW_SEALING)
    crash = os.memfd_create("crash")
    request = zygote_wire.Spawn(1, "loose", 61184, False, 1 << 30, 64)
    fds = [their_control.fileno(), their_watch.fileno(), their_output, crash]
    send_packet(zygote.socket, codec.encode(request), fds)
    os.close(their_output)
    their_control.close()
    their_watch.close()
    control.settimeout(DEADLINE_S)
    _, received = receive_packet(zygote.socket, max_fds=1)
    provider = seqpacket_pair()
    process = Process(0, received[0], control, watch, output, crash, loose, *provider)
    process.greet()
    process.send(a_load())
    assert "expected all seals" in process.expect(driver.Goodbye).error
    assert process.wait() == Exit(ExitHow.CODE, 1)
    process.close()


@pytest.fixture
def roots_copy() -> Iterator[Path]:
    home = private_copy(0)
    yield home
    shutil.rmtree(home)


def test_an_ordinary_user_s_drivers_are_locked_down_too(
    users_zygote: Zygote, users_copy: Path
) -> None:
    attempts = """
import os
from runtime.driverkit import *

class Driver(IOService):
    def Start(self, provider):
        IOLog(f"{os.getpid()} {os.getuid()}")
        for path in ("/etc/passwd", HOME + "/secret", "/proc/self/status"):
            try:
                open(path)
            except OSError:
                IOLog("denied")
"""
    (users_copy / "secret").write_text("secret")
    (users_copy / "secret").chmod(0o644)
    process = users_zygote.spawn(bundle_with(attempts.replace("HOME", repr(str(users_copy)))))
    process.begin()
    assert isinstance(process.call(1, methods.Start(), Provider()), driver.Reply)
    own = Path("/proc/self/ns/user").readlink()
    assert Path(f"/proc/{process.pid}/ns/user").readlink() != own
    assert process.wait_log(lambda lines: len(lines) == 4) == [f"1 {NOBODY}"] + ["denied"] * 3
    status = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == 0
    assert int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"


@pytest.mark.skipif(os.geteuid() != 0, reason="own users need root")
def test_as_root_each_driver_is_a_user_of_its_own(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_of(SAMPLE), uid=61190)
    process.greet()
    status = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(fields["Uid"].split()) == {"61190"}
    assert set(fields["Gid"].split()) == {"61190"}
    assert fields["Groups"].strip() == ""
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert Path(f"/proc/{process.pid}/cmdline").read_bytes().rstrip(b"\0") == b"com.example.test"
    assert fields["NSpid"].split()[-1] == "1"
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    os.kill(process.pid, signal.SIGTERM)  # process 1 has no default handlers
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == Exit(ExitHow.SIGNAL, signal.SIGKILL)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's drivers are other users")
def test_a_checkout_closed_to_other_users_still_serves_root(roots_copy: Path) -> None:
    environment = {"PYTHONPATH": str(roots_copy)}
    stage = Zygote([sys.executable, "-P", "-m", "runtime.host.zygote"], environment)
    try:
        closed = [line for line in stage.ready.missing if "closed to other users" in line]
        assert [line.partition(":")[0] for line in closed] == [
            str(roots_copy / "msgspec"),
            str(roots_copy / "runtime"),
        ]
        process = stage.spawn(bundle_of(SAMPLE))
        process.begin(executable="MyUserUSBInterfaceDriver", user_class="MyUserUSBInterfaceDriver")
        assert isinstance(process.call(1, methods.Start(), Provider()), driver.Reply)
    finally:
        stage.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lose a capability that it has")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_where_no_sandbox_can_be_made_no_driver_runs() -> None:
    weak = ["setpriv", "--bounding-set=-sys_admin", sys.executable, "-m", "runtime.host.zygote"]
    stage = Zygote(weak, dict(os.environ))
    try:
        sentence = "sandbox: expected to make namespaces and a private root"
        assert stage.ready.missing[0].startswith(sentence)
        with pytest.raises(AssertionError, match=r"SpawnFailed.*expected to make namespaces"):
            stage.spawn(bundle_with(IDLE))
        assert stage.process.poll() is None
    finally:
        stage.close()
