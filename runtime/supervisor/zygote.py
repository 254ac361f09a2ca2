"""The runtime's end of its zygote: asks for processes, replaces it when it dies.

Runs in the event loop. Drivers are the runtime's own children, so they outlive a zygote.
Invariant: losing a zygote never loses a driver.
"""

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
from collections.abc import Callable, Sequence

import msgspec

from runtime.linux import children, images, memfd, roles, sockets
from runtime.linux.cgroup import Group
from runtime.model.errors import BreachError, SpawnError
from runtime.model.identity import ContentHash
from runtime.model.native import UNSEEN, Mapped
from runtime.wire import codec, limits, zygote

READY_SECONDS = 30.0  # a cold import of the SDK on a slow machine
SPAWN_SECONDS = 15.0  # of silence of a zygote that is to create processes; one takes 4 ms
ATTEMPTS = 3  # zygotes that one launch may lose
LINGER_SECONDS = 2.0  # until a zygote without a socket is killed
REPLACE_SECONDS = (0.0, 0.2, 1.0, 5.0)  # delays before the next zygote; the last one repeats
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
"""Variables that a zygote inherits; drivers have its memory, so nothing of the user's is here."""

_decode: codec.Decoder[zygote.FromZygote] = codec.Decoder(zygote.FromZygote, "packet of the zygote")


class Child(msgspec.Struct, frozen=True):
    """A new process; the receiver owns the pidfd and the control group.

    `mapped`: what it may execute at first. `elevated`: it goes before ordinary processes.
    """

    pid: int
    pidfd: int
    mapped: Mapped = UNSEEN
    group: Group | None = None
    elevated: bool = False


class Zygote:
    """One zygote at a time, started when first needed.

    Attributes:
        missing: What this machine cannot give to any driver, as the zygote found it.
        elevated: Whether its drivers can be put before ordinary processes.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        """`note` gets a sentence for the journal when a zygote is lost."""
        self._note = note
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Child | None]] = {}
        self._native: dict[ContentHash, memfd.Shared] = {}  # what every zygote is to have
        self._sock: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._lost = 0
        self._answers = 0  # of all zygotes
        self._closing = False
        self.missing: tuple[str, ...] = ()
        self.elevated = False
        self._mapped = UNSEEN

    @property
    def pid(self) -> int:
        """The present zygote's pid, 0 for none."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start one if none is there; does not wait. Without the means, a note is left."""
        if self._sock is not None or self._closing:
            return
        try:
            ours, self._process = _start()
        except OSError as error:
            self._note(f"zygote: expected to be able to start one, found: {error.strerror}")
            return
        ours.setblocking(False)
        self._sock = ours
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        loop.add_reader(ours, self._on_readable)

    async def spawn(self, request: zygote.Spawn, descriptors: Sequence[int]) -> Child:
        """Create a process; `request.number` is chosen here. Descriptors stay the caller's.

        Raises:
            SpawnError: It could not be created, or no zygote came up.
        """
        child = await self._asked(request, descriptors)
        assert child is not None
        return child

    async def _asked(
        self, request: zygote.Spawn | zygote.PutNative, descriptors: Sequence[int]
    ) -> Child | None:
        """Ask a zygote, and the next one when that dies; SpawnError."""
        for _ in range(ATTEMPTS):
            self.start()
            try:
                await self._until_ready()
                return await self._ask(request, descriptors)
            except ConnectionError:
                continue  # that zygote died; the next one may do
        raise SpawnError(f"zygote: expected one to create a process, found {ATTEMPTS} that ended")

    async def put_native(self, content: ContentHash, modules: memfd.Shared) -> None:
        """Make native modules loadable in all processes made from now on; `modules` is sealed.

        Raises:
            SpawnError: There is no room for them, or no zygote came up.
        """
        self._native[content] = modules
        try:
            await self._asked(zygote.PutNative(0, content), [modules.fileno()])
        except SpawnError:
            self._native.pop(content, None)
            raise

    def drop_native(self, content: ContentHash) -> None:
        """No process needs these native modules any more; idempotent."""
        if self._native.pop(content, None) is not None and self._sock is not None:
            with contextlib.suppress(OSError):  # it is gone, and what it had with it
                sockets.send_packet(self._sock, codec.encode(zygote.DropNative(content)))

    async def close(self) -> None:
        """End the zygote and reap it; idempotent."""
        self._closing = True
        process = self._process
        if process is not None and not self._waiting:
            process.kill()  # it may still be coming up, and makes nothing now
        self._drop()
        if process is not None:
            await children.wait_for(process, LINGER_SECONDS)

    async def _until_ready(self) -> None:
        if self._ready is None:
            raise ConnectionError
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), READY_SECONDS)
        except TimeoutError:
            raise SpawnError(
                f"zygote: expected it to be ready within {READY_SECONDS:.0f} s, found it silent"
            ) from None

    async def _ask(
        self, request: zygote.Spawn | zygote.PutNative, descriptors: Sequence[int]
    ) -> Child | None:
        if self._sock is None:
            raise ConnectionError
        number = next(self._numbers)
        answer: asyncio.Future[Child | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        packet = codec.encode(msgspec.structs.replace(request, number=number))
        try:
            while True:
                try:
                    sockets.send_packet(self._sock, packet, descriptors)
                    break
                except BlockingIOError:
                    await asyncio.sleep(0.001)  # its queue is full of spawns; it is working
            return await self._answered(answer)
        except OSError as error:
            raise ConnectionError from error
        finally:
            self._waiting.pop(number, None)

    async def _answered(self, answer: asyncio.Future[Child | None]) -> Child | None:
        """Wait as long as the zygote answers anybody; one that is silent is done for."""
        heard = -1
        while not answer.done() and heard != self._answers:
            heard = self._answers
            await asyncio.wait((answer,), timeout=SPAWN_SECONDS)
        if not answer.done() and self._process is not None:
            self._process.kill()  # at once: what it makes now would have the next one's sockets
            self._died(f"said nothing for {SPAWN_SECONDS:.0f} s and is ended")  # for all who wait
        return answer.result()

    def _on_readable(self) -> None:
        assert self._sock is not None
        try:
            packet, descriptors = sockets.receive_packet(self._sock, max_fds=1)
            if not packet:
                self._died()
                return
            self._take(_decode(packet), descriptors)
        except BlockingIOError:
            return
        except (OSError, BreachError):
            self._died()

    def _take(self, message: zygote.FromZygote, descriptors: list[int]) -> None:
        if isinstance(message, zygote.Ready):
            self.missing, self.elevated = message.missing, message.elevated
            self._mapped = images.read(self.pid)
            self._restore_native()
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(None)
            return
        self._answers += 1
        answer = self._waiting.get(message.number)
        if answer is None or answer.done():
            _close(descriptors)
            return
        if isinstance(message, zygote.Spawned) and len(descriptors) == 1:
            self._lost = 0
            answer.set_result(Child(message.pid, descriptors[0], self._mapped))
        elif isinstance(message, zygote.NativePut) and not message.refusal:
            answer.set_result(None)
        elif isinstance(message, zygote.NativePut):
            answer.set_exception(SpawnError(message.refusal))
        else:
            _close(descriptors)
            text = message.text if isinstance(message, zygote.SpawnFailed) else "no pidfd came"
            answer.set_exception(SpawnError(f"driver process: could not be created: {text}"))

    def _restore_native(self) -> None:
        """A new zygote gets what the last one had, before it is asked for anything else."""
        assert self._sock is not None
        for content, modules in self._native.items():
            packet = codec.encode(zygote.PutNative(0, content))
            sockets.send_packet(self._sock, packet, [modules.fileno()])

    def _died(self, how: str = "ended") -> None:
        process = self._process
        self._drop()
        if self._closing or process is None:
            return
        self._note(f"zygote (pid {process.pid}) {how}; drivers run on, a new one is started")
        delay = REPLACE_SECONDS[min(self._lost, len(REPLACE_SECONDS) - 1)]
        self._lost += 1
        loop = asyncio.get_running_loop()
        self._reaping = loop.create_task(children.wait_for(process, LINGER_SECONDS))
        loop.call_later(delay, self.start)

    def _drop(self) -> None:
        if self._sock is not None:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()
            self._sock = None
        self._process = None
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionError())
            self._ready.exception()  # nobody may be waiting
        self._ready = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError())


def _environment() -> dict[str, str]:
    """What a zygote needs to find its interpreter and modules; the rest is the user's."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


def _start() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = sockets.seqpacket_pair()
    with theirs:
        try:
            process = subprocess.Popen(
                roles.argv("zygote", str(theirs.fileno())),
                env=_environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # a Ctrl-C is for the program in front
            )
        except OSError:
            ours.close()
            raise
    return ours, process


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


assert all(len(each) <= limits.DESCRIPTORS for each in zygote.DESCRIPTORS.values())
