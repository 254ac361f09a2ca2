"""What a driver tries and may not: each attempt is made from inside a real driver process."""

import os
import signal
from pathlib import Path

import pytest

from runtime.wire import methods
from tests.integration.host.stage import Provider, Zygote, bundle_with

ATTEMPTS = {
    "read a secret": "open('/etc/shadow')",
    "read the password file": "open('/etc/passwd')",
    "list a home": "os.listdir(os.path.expanduser('~root'))",
    "write to the root": "open('/escape', 'w')",
    "write to the system": "open('/usr/lib/escape', 'w')",
    "write to the runtime": "open(runtime.__file__, 'a')",
    "see processes": "os.listdir('/proc')",
    "open the sysfs": "os.listdir('/sys')",
    "open a device": "open('/dev/mem', 'rb')",
    "make a socket": "socket.socket()",
    "make a local socket": "socket.socket(socket.AF_UNIX)",
    "listen to the kernel": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "resolve a name": "socket.getaddrinfo('localhost', 80)",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "exec": "os.execv('/usr/bin/true', ['true'])",
    "kill its runtime": "os.kill(OUTSIDE, 9)",
    "kill everybody": "os.kill(-1, 9)",
    "kill its parent": "os.kill(os.getppid(), 9)",
    "signal by fcntl": "fcntl.fcntl(CONTROL, 8, OUTSIDE)",
    "limit another process": "resource.prlimit(OUTSIDE, resource.RLIMIT_NOFILE)",
    "pin another process": "os.sched_setaffinity(OUTSIDE, {0})",
    "open another process": "os.pidfd_open(1)",
    "trace": "syscall(101, 16, OUTSIDE, 0, 0)",
    "read another process": "syscall(310, OUTSIDE, 0, 0, 0, 0, 0)",
    "mount": "syscall(165, 0, 0, 0, 0, 0)",
    "unshare": "syscall(272, 0x10000000)",
    "make a process by clone3": "syscall(435, 0, 0)",
    "become root": "os.setuid(0)",
    "load a filter": "syscall(317, 1, 0, 0)",
    "use io_uring": "syscall(425, 1, 0)",
    "use keys": "syscall(250, 0, 0, 0)",
    "use 32-bit numbers": "syscall(0x40000000 + 41, 1, 1, 0)",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (9999, 9999))",
    "take all memory": "bytearray(4 << 30)",
    "hide memory in files": "os.memfd_create('hidden')",
    "push a terminal": "fcntl.ioctl(0, 0x5412, b'x')",
}

SOURCE = """
import ctypes, fcntl, os, resource, socket
import runtime
from runtime.driverkit import *

OUTSIDE = {outside}
CONTROL = 3
libc = ctypes.CDLL(None, use_errno=True)

def syscall(*args):
    if libc.syscall(*[ctypes.c_long(arg) for arg in args]) < 0:
        raise OSError(ctypes.get_errno(), "denied")

class Driver(IOService):
    def Start(self, provider):
        for name, code in {attempts!r}.items():
            try:
                exec(code)
            except (OSError, MemoryError, ValueError) as error:
                IOLog(name + ": denied")
            else:
                IOLog(name + ": DONE")
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are x86_64's")
def test_every_escape_is_denied(zygote: Zygote) -> None:
    process = zygote.spawn(bundle_with(SOURCE.format(outside=os.getpid(), attempts=ATTEMPTS)))
    process.begin()
    process.call(1, methods.Start(), Provider())
    lines = process.wait_log(lambda lines: len(lines) == len(ATTEMPTS))
    assert [line for line in lines if not line.endswith(": denied")] == []
    assert not Path("/escape").exists()


@pytest.mark.parametrize("name", ["see processes", "open the sysfs"])
def test_an_attempt_succeeds_outside_so_that_a_denial_means_something(name: str) -> None:
    exec(ATTEMPTS[name], {"os": os})


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
