"""One driver of a campaign: the device it reads its orders from, and what becomes of it.

Invariant: one order at a time; what a process says counts for the order it was given.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable

from benchmarks.bare import describe
from benchmarks.fault_campaign import driver as broken
from runtime.broker.link import DriverLink
from runtime.families.provider import Answer, Complete
from runtime.linux import sockets
from runtime.model.errors import ProblemError
from runtime.model.intent import Intent
from runtime.model.outcome import Exit
from runtime.model.processes import Role
from runtime.supervisor.ports import SessionEnd
from runtime.supervisor.supervisor import Supervisor
from runtime.wire import methods, usb

LOOK_SECONDS = 0.002  # between two looks whether another process stands by
DEAF = 10  # deadlines without an answer, an end or a hang: what it was to answer is lost
FAILED = 40  # deadlines without an answer or an end: the runtime has failed

Said = tuple[int, bytes]
"""What a process said: ANSWER or ESCAPED, and the data."""


class Session:
    """The device of one process: gives orders, takes answers."""

    def __init__(self, complete: Complete, tell: Callable[["News"], None]) -> None:
        self._complete = complete
        self._tell = tell
        self._action = 0

    def begin(self, _target: int, method: methods.Method, _answer: Answer) -> bool:
        """Take its read, which waits for an order; all else is a call."""
        if not isinstance(method, methods.AsyncIO):
            return False
        self._action = method.action
        self._tell(self)
        return True

    async def call(self, target: int, method: methods.Method) -> object:
        """Answer a call; the handle of the only pipe is 1."""
        del target
        match method:
            case methods.CopyPipe():
                return 1
            case usb.OpenDirect():
                return False
            case methods.DeviceRequest(request=request, data=data):
                self._tell((request, data))
                return len(data).to_bytes(4, "little")
        return None

    def close(self) -> None:
        """Nothing is outstanding that matters."""

    def unplug(self) -> None:
        """It never is."""

    def order(self, kind: int, seed: int) -> None:
        """Complete the read with an order."""
        data = broken.ORDER.pack(kind, seed)
        now = time.monotonic_ns()
        self._complete(self._action, methods.CompleteAsyncIO(0, len(data), now, data))


News = Session | Said | Exit


class Lane:
    """One driver across all its processes.

    Args:
        number: Tells it from others.
        bundle: Descriptor of the sealed bundle, the caller's.
        deadline: Of a callback, in seconds.

    Attributes:
        driver: Its id at the supervisor.
        deaf: Where the threads were of a process that lost its order; else empty.
        killed: Whether the process that ended last was ended from here.
    """

    def __init__(self, supervisor: Supervisor, number: int, bundle: int, deadline: float) -> None:
        self.deaf = ""
        self.killed = False
        self._supervisor = supervisor
        self._deadline = deadline
        self._news: asyncio.Queue[News] = asyncio.Queue()
        self._spec = describe("FaultDriver", "Faults", bundle, number, self._open)
        self.driver = supervisor.launch(self._spec).id

    def crashed(self, exit_: Exit) -> None:
        """Take the end of the present process."""
        self._news.put_nowait(exit_)

    def replace(self) -> None:
        """Give this driver up and launch another in its place."""
        self._supervisor.find(self.driver).stop(Intent.STOP)
        self._news = asyncio.Queue()
        self.driver = self._supervisor.launch(self._spec).id

    async def ready(self) -> Session:
        """The device of the present process, which waits for its order.

        Raises:
            TimeoutError: None came.
        """
        while True:
            news = await self._next()
            if isinstance(news, Session) and self._news.empty():
                return news

    async def whole(self) -> None:
        """Wait until another process stands by for the driver, as in use; not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._deadline):
                while not self._stands_by():  # noqa: ASYNC110 - nobody is told of that
                    await asyncio.sleep(LOOK_SECONDS)

    async def outcome(self, right: bytes, escapes: list[str]) -> tuple[Exit, bool]:
        """How the process ended after its order, and whether what it said was right.

        What it could do and should not is added to `escapes`.

        One that answers is ended: each order has a process of its own.

        Raises:
            TimeoutError: It neither ended nor could be ended.
        """
        sound = True
        self.deaf, self.killed = "", False
        while True:
            try:
                news = await self._next(DEAF)
            except TimeoutError:  # it lives, is idle, and has lost its order
                sound = False
                self.deaf = await self._where()
                self._kill()
                news = await self._next()
            if isinstance(news, Exit):
                return news, sound
            if isinstance(news, Session):
                continue
            what, data = news
            if what == broken.ESCAPED:
                escapes.append(data.decode(errors="replace"))
                continue
            sound = sound and data == right
            self._kill()

    async def answers(self, seed: int) -> bool:
        """Whether a fresh process works right; it stays for the next order.

        Raises:
            TimeoutError: It does not say.
        """
        session = await self.ready()
        session.order(0, seed)
        return await self._next() == (broken.ANSWER, broken.answer(seed))

    async def _next(self, deadlines: int = FAILED) -> News:
        return await asyncio.wait_for(self._news.get(), deadlines * self._deadline)

    def _stands_by(self) -> bool:
        processes = self._supervisor.processes()
        return any(each.driver == self.driver for each in processes if each.role is Role.UNDERSTUDY)

    def _open(self, end: SessionEnd) -> "_Place":
        place = _Place(end)
        place.link.serve(Session(place.link.complete, self._news.put_nowait))
        return place

    def _kill(self) -> None:
        pid = self._supervisor.find(self.driver).record.pid
        if pid:
            self.killed = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _where(self) -> str:
        """What the runtime and the watcher know of a process that does not answer."""
        driver = self._supervisor.find(self.driver)
        known = f"{driver.record.state.value}, pid {driver.record.pid}"
        try:
            threads = await driver.sample()
        except ProblemError as error:
            return f"{known}; {error}"
        return "; ".join([known, *(f"{one.name}: {' < '.join(one.frames)}" for one in threads)])


class _Place:
    """A process's place at its device, which the campaign itself is."""

    def __init__(self, end: SessionEnd) -> None:
        ours, self._drivers = sockets.seqpacket_pair()
        self.link = DriverLink(ours, lambda breach: end.breached(breach) if breach else None)

    def send_with(self, send: Callable[[int], None]) -> None:
        """Give the process its end of the provider socket."""
        with self._drivers:
            send(self._drivers.fileno())

    def close(self) -> None:
        """The process is gone."""
        self._drivers.close()
        self.link.close()
