"""One campaign: a real zygote and supervisor, one driver, one fault after the other.

Every fault starts in a fresh process. It is effective when that process ended by itself, by a
signal, by its deadline or by a breach; it is recovered when the successor gives right answers.
Invariant: the same seed gives the same faults in the same order.
"""

import asyncio
import contextlib
import os
import random
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fault_campaign import driver as broken
from runtime.linux import memfd
from runtime.model import archive, properties
from runtime.model.crash_report import Remains
from runtime.model.events import Detail
from runtime.model.identity import BundleId, ContentHash, EntryId
from runtime.model.outcome import Exit, ExitHow
from runtime.model.records import Driver
from runtime.supervisor import hang
from runtime.supervisor.policy import ALWAYS_AT_ONCE
from runtime.supervisor.ports import Complete, DriverSpec
from runtime.supervisor.supervisor import Supervisor
from runtime.supervisor.zygote import Zygote
from runtime.wire import methods

CLASSES = (
    "bit flip in bytecode",
    "random instruction",
    "heap pokes",
    "stack pokes",
    "rogue action",
)
DEADLINE_US = 500_000  # of a callback in the campaign: a real driver has a minute
DEAF_SECONDS = 5.0  # without an answer, an end or a hang: what it answered is lost
ANSWER_SECONDS = 20.0  # without an answer or an end: the runtime has failed


@dataclass
class Tally:
    """What was counted; times in milliseconds, from the reaping to the right answer."""

    injected: Counter[str] = field(default_factory=Counter)
    effective: Counter[str] = field(default_factory=Counter)
    how: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    hangs: int = 0
    recovered: int = 0
    escapes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    hang_times: list[float] = field(default_factory=list)


class _Session:
    """The device of one process: gives orders, takes answers."""

    def __init__(self, complete: Complete, campaign: "Campaign") -> None:
        self._complete = complete
        self._campaign = campaign
        self._action = 0

    async def call(self, target: int, method: methods.Method) -> object:
        """Answer a call; the handle of the only pipe is 1."""
        del target
        match method:
            case methods.AsyncIO(action=action):
                self._action = action
                self._campaign.news.put_nowait(self)
            case methods.CopyPipe():
                return 1
            case methods.DeviceRequest(request=request, data=data):
                self._campaign.news.put_nowait((request, data))
                return len(data).to_bytes(4, "little")
        return None

    def close(self) -> None:
        """Nothing is outstanding that matters."""

    def order(self, kind: int, seed: int) -> None:
        """Complete the read with an order."""
        data = broken.ORDER.pack(kind, seed)
        now = time.monotonic_ns()
        self._complete(self._action, methods.CompleteAsyncIO(0, len(data), now, data))


News = _Session | tuple[int, bytes] | Exit


class _Surroundings:
    """What the supervisor tells; only ends matter."""

    def __init__(self, news: "asyncio.Queue[News]") -> None:
        self._news = news

    def changed(self, driver: Driver) -> None:
        """Not needed."""

    def event(self, driver: Driver, detail: Detail) -> None:
        """Not needed."""

    def log(self, driver: Driver, source: str, text: str) -> None:
        """Not needed."""

    def attach(self, driver: Driver, spec: DriverSpec) -> EntryId:
        """Any entry."""
        del driver, spec
        return EntryId(2)

    def serving(self, driver: Driver, classes: tuple[str, ...]) -> None:
        """Not needed."""

    def started(self, driver: Driver) -> None:
        """Not needed: its first read says it."""

    def service_call(self, driver: Driver, method: methods.ServiceMethod) -> None:
        """Not needed."""

    def detach(self, driver: Driver) -> None:
        """Not needed."""

    def crashed(self, driver: Driver, exit_: Exit, remains: Remains) -> None:
        """An end."""
        del driver, remains
        self._news.put_nowait(exit_)

    def ended(self, driver: Driver) -> None:
        """Not needed."""


class Campaign:
    """Injects faults and counts what becomes of them."""

    def __init__(self, seed: int) -> None:
        self.tally = Tally()
        self.news: asyncio.Queue[News] = asyncio.Queue()
        self._seed = seed
        self._zygote = Zygote(self.tally.failures.append)
        self._supervisor = Supervisor(self._zygote, ALWAYS_AT_ONCE, _Surroundings(self.news))
        self._driver = 0

    async def run(self, count: int, progress: Callable[[int], None]) -> None:
        """Inject `count` faults."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.tally.failures.append(str(context)))
        bundle = memfd.sealed("bundle", archive.pack(_sources()))
        deadlines = hang.LATE_US, hang.HOPELESS_US
        hang.LATE_US = hang.HOPELESS_US = DEADLINE_US
        try:
            self._supervisor.start()
            self._driver = self._supervisor.launch(self._spec(bundle)).id
            for number in range(count):
                await self._one(number)
                progress(number + 1)
        finally:
            await self._supervisor.stop_all()
            hang.LATE_US, hang.HOPELESS_US = deadlines
            os.close(bundle)

    async def _one(self, number: int) -> None:
        chance = random.Random(f"{self._seed}:{number}")  # noqa: S311 - reproducible, not secret
        kind = chance.randrange(len(CLASSES))
        seed = chance.getrandbits(63)
        session = await self._ready()
        self.tally.injected[CLASSES[kind]] += 1
        session.order(kind + 1, seed)
        exit_ = await self._outcome(CLASSES[kind], seed)
        began = time.perf_counter()
        if exit_.how is ExitHow.SIGNAL and exit_.number == signal.SIGKILL:
            return  # no effect: it was ended for the next one's sake
        self.tally.effective[CLASSES[kind]] += 1
        self.tally.how[exit_.signal_name or exit_.how.value] += 1
        if await self._answers(chance.getrandbits(63)):
            self.tally.recovered += 1
            hung = exit_.how is ExitHow.HANG
            took = (time.perf_counter() - began) * 1000
            (self.tally.hang_times if hung else self.tally.times).append(took)
            self.tally.hangs += hung

    async def _outcome(self, kind: str, seed: int) -> Exit:
        """Wait for the process's end; end it when it answers all the same."""
        while True:
            try:
                news = await self._next(DEAF_SECONDS)
            except TimeoutError:  # it lives, is idle, and has lost its order
                self.tally.silent[kind] += 1
                self._kill()
                news = await self._next()
            if isinstance(news, Exit):
                return news
            if not isinstance(news, tuple):
                continue
            if news[0] == broken.ESCAPED:
                self.tally.escapes.append(news[1].decode(errors="replace"))
                continue
            if news[1] != struct.pack("<q", broken.work(seed)):
                self.tally.silent[kind] += 1
            self._kill()

    async def _answers(self, seed: int) -> bool:
        """Whether a fresh process works right; it stays for the next fault."""
        session = await self._ready()
        session.order(0, seed)
        news = await self._next()
        right = isinstance(news, tuple) and news[1] == struct.pack("<q", broken.work(seed))
        if not right:
            self.tally.failures.append(f"a fresh driver answered {news}")
        return right

    async def _ready(self) -> _Session:
        while True:
            news = await self._next()
            if isinstance(news, _Session):
                return news

    async def _next(self, seconds: float = ANSWER_SECONDS) -> News:
        return await asyncio.wait_for(self.news.get(), seconds)

    def _kill(self) -> None:
        for driver in self._supervisor:
            if driver.record.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(driver.record.pid, signal.SIGKILL)

    def _spec(self, bundle: int) -> DriverSpec:
        return DriverSpec(
            name="FaultDriver",
            bundle_id=BundleId("com.example.faults"),
            content_hash=ContentHash("0" * 64),
            personality="Faults",
            category="IODefaultMatchCategory",
            executable="Faults",
            server_name="com.example.faults",
            provider=EntryId(1),
            provider_path="IOService:/Faults",
            provider_class="IOUSBHostInterface",
            provider_name="Interface 0",
            properties=properties.encode({}),
            provider_properties=properties.encode({}),
            bundle=bundle,
            dumpable=False,
            open_session=lambda complete: _Session(complete, self),
        )


def _sources() -> dict[str, bytes]:
    folder = Path(broken.__file__).parent
    return {
        "Faults.py": (folder / "driver.py").read_bytes(),
        "faults.py": (folder / "faults.py").read_bytes(),
    }
