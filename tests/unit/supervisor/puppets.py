"""Driver processes that a test speaks for, and what the supervisor needs around them.

Invariant: a puppet does nothing by itself but die.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable

from runtime.linux.sockets import receive_packet, send_packet
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import SpawnError
from runtime.model.events import Detail
from runtime.model.identity import BundleId, ContentHash, DriverId, EntryId
from runtime.model.outcome import Decision, Exit, Stage
from runtime.model.records import Driver
from runtime.supervisor.channels import Channels
from runtime.supervisor.groups import NO_GROUPS
from runtime.supervisor.launcher import Launcher
from runtime.supervisor.pace import Pace
from runtime.supervisor.ports import DriverSpec, Gather, SessionEnd, Surroundings
from runtime.supervisor.standby import Standby
from runtime.supervisor.zygote import Child, Zygote
from runtime.wire import codec, limits, methods
from runtime.wire import driver as wire

_decode: codec.Decoder[wire.ToDriver] = codec.Decoder(wire.ToDriver, "packet of the runtime")


class Puppet:
    """One process: a sleeping child, and its ends of the sockets."""

    def __init__(self, channels: Channels) -> None:
        self.pid = os.posix_spawn("/bin/sleep", ["sleep", "1000"], {})
        self.control, self.watch, output, crash = (os.dup(fd) for fd in channels.theirs())
        os.close(output)
        os.close(crash)
        channels.close_theirs()
        self.asked: dict[tuple[int, str], int] = {}  # numbers, by service and method
        self.told_to_leave = False
        self.greeted = False
        self.ended = False
        self.stage = Stage.FORKED
        self.code: bytes | None = None  # that came with Load

    def say(self, message: object) -> None:
        """Send a packet on the control socket; a runtime that hung up hears nothing."""
        with socket.socket(fileno=os.dup(self.control)) as sock, contextlib.suppress(OSError):
            send_packet(sock, message if isinstance(message, bytes) else codec.encode(message))

    def greet(self) -> None:
        """Say hello, once."""
        if not self.greeted:
            self.greeted = True
            self.say(wire.Hello(limits.DRIVER_VERSION))

    def come_on(self) -> None:
        """Reach the next launch stage."""
        self.greet()
        following = {Stage.FORKED: Stage.LOCKED_DOWN, Stage.LOCKED_DOWN: Stage.LOADED}
        self.stage = following[self.stage]
        self.say(wire.Staged(self.stage))

    def hear(self) -> None:
        """Take what the runtime has said so far."""
        with socket.socket(fileno=os.dup(self.control)) as sock:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionResetError):
                while (received := receive_packet(sock, max_fds=1))[0]:
                    self.heard(_decode(received[0]))
                    for descriptor in received[1]:
                        os.close(descriptor)

    def heard(self, message: wire.ToDriver) -> None:
        """Keep which calls wait for an answer."""
        if isinstance(message, wire.Load):
            self.code = message.code
        if isinstance(message, wire.Call):
            self.asked[message.target, type(message.method).__name__] = message.number
        self.told_to_leave = self.told_to_leave or isinstance(message, wire.Goodbye)

    def end(self) -> None:
        """Be killed."""
        self.ended = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close its ends."""
        os.close(self.control)
        os.close(self.watch)


class PuppetLauncher(Launcher):
    """Makes puppets, or fails when it is told to."""

    def __init__(self) -> None:
        super().__init__(Zygote(_silent), NO_GROUPS, Pace())
        self.puppets: list[Puppet] = []
        self.failing = False

    def take(self, *, dumpable: bool) -> Standby | None:
        """Never in advance."""
        del dumpable
        return None

    async def create(self, name: str, *, dumpable: bool, in_advance: bool = False) -> Standby:
        """A puppet, after a turn of the loop."""
        del name, dumpable, in_advance
        await asyncio.sleep(0)
        if self.failing:
            raise SpawnError("puppet: told to fail")
        channels = Channels()
        puppet = Puppet(channels)
        self.puppets.append(puppet)
        return Standby(Child(puppet.pid, os.pidfd_open(puppet.pid)), channels)


class Session:
    """A provider that does nothing; counts how often it was closed."""

    def __init__(self, end: SessionEnd) -> None:
        self.end = end
        self.closed = 0

    def send_with(self, send: Callable[[int], None]) -> None:
        """Give the process an end of something."""
        ours, theirs = os.pipe()
        send(theirs)
        os.close(ours)
        os.close(theirs)

    def close(self) -> None:
        """Let go."""
        self.closed += 1


class Recorder(Surroundings):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.attached = 0
        self.detached = 0
        self.ended_in: list[DriverState] = []
        self.told: list[Detail] = []
        self.reports = 0
        self.lines: list[str] = []

    def changed(self, driver: Driver) -> None:
        del driver

    def log(self, driver: Driver, source: str, text: str) -> None:
        del driver, source
        self.lines.append(text)

    def serving(self, driver: Driver, classes: tuple[str, ...]) -> None:
        del driver, classes

    def started(self, driver: Driver) -> None:
        del driver

    def service_call(self, driver: Driver, entry: EntryId, method: methods.ServiceMethod) -> object:
        del driver, entry, method
        return None

    def event(self, driver: Driver, detail: Detail) -> None:
        del driver
        self.told.append(detail)

    def attach(self, driver: Driver, spec: DriverSpec) -> EntryId:
        del driver, spec
        self.attached += 1
        return EntryId(self.attached)

    def detach(self, driver: Driver) -> None:
        del driver
        self.detached += 1

    def crashed(self, driver: Driver, spec: DriverSpec) -> None:
        del driver, spec

    def report(self, drivers: tuple[Driver, ...], exit_: Exit, gather: Gather) -> None:
        del drivers, exit_, gather
        self.reports += 1

    def ended(self, driver: Driver) -> None:
        self.ended_in.append(driver.state)


def _silent(_text: str) -> None: ...


def driver_spec(
    number: int,
    bundle: int,
    open_session: Callable[[SessionEnd], Session],
    entitled: Callable[[], Decision],
    *,
    shared: bool = False,
) -> DriverSpec:
    """A driver on the provider of this number; `bundle` is its archive's descriptor."""
    return DriverSpec(
        name="Driver",
        bundle_id=BundleId("com.example"),
        content_hash=ContentHash("0" * 64),
        personality="P",
        category="C",
        executable="Driver",
        server_name="com.example",
        provider=EntryId(90 + number),
        provider_path=f"/{number}",
        provider_class="IOService",
        provider_name="device",
        properties=properties.encode({}),
        provider_properties=properties.encode({}),
        bundle=bundle,
        dumpable=False,
        shared=shared,
        direct=False,
        open_session=open_session,
        entitled=entitled,
    )


def record_of(spec: DriverSpec, number: int) -> Driver:
    """The record of a driver that has not been launched yet."""
    return Driver(
        id=DriverId(number),
        name=spec.name,
        bundle_id=spec.bundle_id,
        content_hash=spec.content_hash,
        personality=spec.personality,
        provider=spec.provider,
        provider_path=spec.provider_path,
        state=DriverState.STOPPED,
    )


async def settled(done: Callable[[], bool], seconds: float) -> None:
    """Turn the loop until a condition holds, and what is ready has happened."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - a child's end has no event
            await asyncio.sleep(0.001)
        for _ in range(10):
            await asyncio.sleep(0)
