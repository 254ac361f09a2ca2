"""The runtime's side of the driver protocol, blocking, for tests of real driver processes.

Invariant: everything that it starts it also ends and reaps.
"""

import collections
import contextlib
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from runtime.linux import memfd, roles, spawn
from runtime.linux.sockets import receive_packet, send_packet, seqpacket_pair
from runtime.model import archive, properties
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit
from runtime.wire import codec, driver, methods, session, zygote

T = TypeVar("T")

Answers = Callable[[driver.ToProvider], driver.Reply | driver.Fail | None]
"""A provider; None: what it was asked is not answered."""

_call: codec.Decoder[driver.ToProvider] = codec.Decoder(driver.ToProvider, "packet of a driver")

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 20.0
NOBODY = 65534
SAMPLE = (
    ROOT
    / "resources/samples/SampleUSB.app/Contents/Library/SystemExtensions"
    / "com.example.sampleusb.driver.dext"
)


def private_copy(uid: int) -> Path:
    """A copy of the runtime and its one dependency, closed to everybody but one user."""
    home = Path(tempfile.mkdtemp(prefix="ioregistry-home-"))
    shutil.copytree(ROOT / "runtime", home / "runtime")
    assert msgspec.__file__ is not None
    shutil.copytree(Path(msgspec.__file__).parent, home / "msgspec")
    for path in (home, *home.rglob("*")):
        os.chown(path, uid, uid)
        path.chmod(0o700 if path.is_dir() else 0o600)
    return home


def bundle_of(folder: Path) -> bytes:
    """The archive of a bundle's folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return archive.pack({str(path.relative_to(folder)): path.read_bytes() for path in files})


def bundle_with(source: str, **files: bytes) -> bytes:
    """The archive of a bundle whose executable is `Driver`."""
    return archive.pack({"Driver.py": source.encode(), **files})


SERVICE = 0x1_0000_0200


def a_load() -> driver.Load:
    """What to run: the module `Driver`."""
    return driver.Load("com.example.test", "Driver")


def an_attach() -> driver.Attach:
    """The class `Driver` on a USB interface."""
    return driver.Attach(
        service=SERVICE,
        provider=0x1_0000_0100,
        provider_class="IOUSBHostInterface",
        provider_name="Interface 0",
        properties=properties.encode({"IOUserClass": "Driver"}),
        provider_properties=properties.encode({"bInterfaceNumber": 0}),
        user_class="Driver",
    )


@dataclass
class Process:
    """One driver process as its runtime sees it."""

    pid: int
    pidfd: int
    control: socket.socket
    watch: socket.socket
    output: int
    crash: int
    bundle: int
    provider: socket.socket
    their_provider: socket.socket
    speaks: session.Session[driver.ToRuntime, driver.ToDriver] = field(
        default_factory=session.runtime_of_driver
    )
    watcher: session.Session[driver.FromWatcher, driver.ToWatcher] = field(
        default_factory=session.runtime_of_watcher
    )
    lines: list[str] = field(default_factory=list)
    compiled: list[bytes] = field(default_factory=list)
    pulses: list[driver.Pulse] = field(default_factory=list)
    outcome: Exit | None = None
    asked: collections.deque[driver.ToProvider] = field(default_factory=collections.deque)

    def send(self, *messages: driver.ToDriver) -> None:
        """Send packets on the control socket; beside some go the bundle or the provider socket."""
        for message in messages:
            beside = [self.bundle] if isinstance(message, driver.Load) else []
            if isinstance(message, driver.Attach):
                beside = [self.their_provider.fileno()]
            send_packet(self.control, codec.encode(message), beside)
            if isinstance(message, driver.Attach):
                self.their_provider.close()

    def provide(self, message: driver.FromProvider) -> None:
        """Send a packet as the driver's provider."""
        send_packet(self.provider, codec.encode(message))

    def receive(self) -> driver.ToRuntime | None:
        """The next packet on the control socket but `Compiled`, which is kept; None at the end."""
        while True:
            packet, _ = receive_packet(self.control)
            message = self.speaks.receive(packet) if packet else None
            if not isinstance(message, driver.Compiled):
                return message
            self.compiled.append(message.code)

    def asked_of_provider(self) -> driver.ToProvider | None:
        """The next call on the provider socket; None at the end of file."""
        try:
            packet, _ = receive_packet(self.provider)
        except ConnectionResetError:
            packet = b""
        return _call(packet) if packet else None

    def expect(self, kind: type[T]) -> T:
        """The next packet, which has to be a `kind`."""
        message = self.receive()
        assert isinstance(message, kind), f"{message}, log {self.lines}"
        return message

    def begin(self, user_class: str = "Driver", **changes: object) -> driver.Attached:
        """Greet, load, attach, and return what came of that."""
        self.greet()
        self.send(msgspec.structs.replace(a_load(), **changes))
        self.expect(driver.Staged)
        self.send(msgspec.structs.replace(an_attach(), user_class=user_class))
        return self.expect(driver.Attached)

    def greet(self) -> driver.Staged:
        """Exchange hellos and return what came with LOCKED_DOWN."""
        self.send(driver.Hello(1))
        send_packet(self.watch, codec.encode(driver.Hello(1)))
        self.expect(driver.Hello)
        return self.expect(driver.Staged)

    def call(
        self,
        number: int,
        method: methods.Method,
        provider: Answers,
    ) -> driver.Reply | driver.Fail | driver.Goodbye | None:
        """Call the driver, answering its own calls by `provider` meanwhile."""
        self.send(driver.Call(number, SERVICE, method))
        listening: list[socket.socket] = [self.control, self.provider]
        while True:
            ready = select.select(listening, [], [], DEADLINE_S)[0]
            assert ready, "the driver is silent"
            if self.provider in ready:
                asked = self.asked_of_provider()
                if asked is None:
                    listening.remove(self.provider)
                else:
                    self.asked.append(asked)
                    self._answer(provider, asked)
                continue
            message = self.receive()
            if isinstance(message, driver.Call):
                self.asked.append(message)
                answer = provider(message)
                assert answer is not None
                self.send(answer)
            else:
                assert isinstance(message, driver.Reply | driver.Fail | driver.Goodbye | None)
                return message

    def answer(self, provider: Answers) -> None:
        """Answer one call of the driver to its provider, or take what is not answered."""
        asked = self.asked_of_provider()
        assert asked is not None, f"log {self.lines}"
        self._answer(provider, asked)

    def _answer(self, provider: Answers, asked: driver.ToProvider) -> None:
        answer = provider(asked)
        if answer is not None:
            self.provide(answer)

    def wait_log(self, done: Callable[[list[str]], bool]) -> list[str]:
        """Read the watch socket until the lines satisfy `done`."""
        deadline = time.monotonic() + DEADLINE_S
        while not done(self.lines):
            assert time.monotonic() < deadline, self.lines
            if not self.read_watch(1.0):
                break
        assert done(self.lines), self.lines
        return self.lines

    def read_watch(self, seconds: float) -> bool:
        """Take one packet of the watcher if one comes; False at the end of file."""
        if not select.select([self.watch], [], [], seconds)[0]:
            return True
        try:
            packet, _ = receive_packet(self.watch)
        except ConnectionResetError:
            packet = b""
        if not packet:
            return False
        message = self.watcher.receive(packet)
        if isinstance(message, driver.Log):
            self.lines.append(message.text)
        elif isinstance(message, driver.Pulse):
            self.pulses.append(message)
        return True

    def wait(self) -> Exit:
        """Wait until the process has ended, reap it, and say how."""
        if self.outcome is None:
            assert select.select([self.pidfd], [], [], DEADLINE_S)[0], "the driver runs on"
            self.outcome = spawn.wait_exit(self.pidfd)
        assert self.outcome is not None
        return self.outcome

    def printed(self) -> str:
        """What it wrote to stdout and stderr; after its end."""
        parts = []
        while part := os.read(self.output, 65536):
            parts.append(part)
        return b"".join(parts).decode()

    def close(self) -> None:
        """End and reap it; idempotent."""
        if self.control.fileno() < 0:
            return
        if self.outcome is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, 9)
            self.wait()
        for sock in (self.control, self.watch, self.provider, self.their_provider):
            sock.close()
        for fd in (self.pidfd, self.output, self.crash, self.bundle):
            os.close(fd)


class Zygote:
    """A real zygote and the drivers that were forked from it."""

    def __init__(self, argv: list[str] | None = None, env: Mapping[str, str] | None = None) -> None:
        self.socket, theirs = seqpacket_pair()
        fd = theirs.fileno()
        command = [*(argv or roles.argv("zygote")), str(fd)]
        self.process = subprocess.Popen(command, pass_fds=[fd], env=env)
        theirs.close()
        self.socket.settimeout(DEADLINE_S)
        self.drivers: list[Process] = []
        self._decode: codec.Decoder[zygote.FromZygote] = codec.Decoder(zygote.FromZygote, "zygote")
        ready = self._decode(receive_packet(self.socket)[0])
        assert isinstance(ready, zygote.Ready)
        self.ready = ready

    def spawn(self, bundle: bytes, *, uid: int = 61184, dumpable: bool = False) -> Process:
        """Start a driver process; it waits for hello and Load."""
        control, their_control = seqpacket_pair()
        watch, their_watch = seqpacket_pair()
        output, their_output = os.pipe()
        crash = memfd.blank("crash")
        sealed = memfd.sealed("bundle", bundle)
        request = zygote.Spawn(1, "com.example.test", uid, dumpable, 1 << 30, 64)
        fds = [their_control.fileno(), their_watch.fileno(), their_output, crash]
        send_packet(self.socket, codec.encode(request), fds)
        their_control.close()
        their_watch.close()
        os.close(their_output)
        packet, received = receive_packet(self.socket, max_fds=1)
        answer = self._decode(packet)
        if not isinstance(answer, zygote.Spawned):
            control.close()
            watch.close()
            os.close(output)
            os.close(crash)
            os.close(sealed)
        assert isinstance(answer, zygote.Spawned), answer
        control.settimeout(DEADLINE_S)
        watch.settimeout(DEADLINE_S)
        provider, their_provider = seqpacket_pair()
        provider.settimeout(DEADLINE_S)
        process = Process(
            answer.pid, received[0], control, watch, output, crash, sealed, provider, their_provider
        )
        self.drivers.append(process)
        return process

    def close(self) -> None:
        """End the zygote and its drivers."""
        for process in self.drivers:
            process.close()
        self.socket.close()
        self.process.wait(DEADLINE_S)


class Provider:
    """A scripted USB interface with one interrupt IN pipe; answers a driver's calls."""

    HANDLE = 7

    def __init__(self) -> None:
        self.reads: collections.deque[int] = collections.deque()  # actions that wait for data
        self.methods: list[str] = []

    def __call__(self, call: driver.ToProvider) -> driver.Reply | driver.Fail | None:
        """Answer one call."""
        self.methods.append(type(call.method).__name__)
        if isinstance(call, driver.Begin):
            assert call.target == self.HANDLE
            self.reads.append(call.method.action)
            return None
        match call.method:
            case methods.CopyPipe(address=0x81):
                return driver.Reply(call.number, codec.raw(self.HANDLE))
            case methods.CopyPipe():
                return driver.Fail(call.number, IOReturn.NOT_FOUND, "no such endpoint")
        return driver.Reply(call.number, codec.raw(None))

    def complete(self, data: bytes, status: int = 0) -> driver.Complete:
        """The end of the oldest read."""
        end = methods.CompleteAsyncIO(status, len(data), 1, data)
        return driver.Complete(self.reads.popleft(), end)
