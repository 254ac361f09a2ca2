"""What elevated scheduling gives to a driver, and what it leaves to everybody else.

`wakeup`: how late a driver wakes up beside two processes that spin; the peer is an ordinary
process. `share`: how long others need for a piece of work beside a driver that spins; the peer is
the same work beside an ordinary process that spins.
Invariant: the driver is a real one, in its whole sandbox, without a device.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks import spinning
from benchmarks.bare import describe
from benchmarks.harness import Benchmark, Sample
from runtime.linux import memfd
from runtime.model import archive
from runtime.supervisor.groups import NO_GROUPS
from runtime.supervisor.launcher import Launcher
from runtime.supervisor.pace import Pace
from runtime.supervisor.ports import ProviderSession, SessionEnd
from runtime.supervisor.standby import Standby
from runtime.supervisor.zygote import Zygote

TIMEOUT = 30.0  # seconds
SPINNERS = 2
SETTLE = 0.3  # seconds until what spins has come to spin
WORK = 2  # seconds of processor time
COMMAND = (sys.executable, "-S", spinning.__file__)
SPINNING = Path(spinning.__file__).read_bytes()
DRIVER = """
import spinning
from runtime.driverkit import IOLog, IOService

IOLog("begins")
IOLog(str(spinning.{call}))

class Driver(IOService):
    pass
"""


@contextmanager
def spinners(count: int) -> Iterator[None]:
    """So many processes that spin, each in a session of its own as programs are."""
    processes = [subprocess.Popen([*COMMAND, "spin"], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait(TIMEOUT)


def ordinary(*arguments: str) -> float:
    """What an ordinary process prints."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        check=True,
        timeout=TIMEOUT,
        start_new_session=True,
    )
    return float(done.stdout)


@asynccontextmanager
async def driver(call: str) -> AsyncIterator[Standby]:
    """A driver process that runs a piece of `spinning` while it is loaded."""
    sources = {
        "Driver.py": DRIVER.format(call=call).encode(),
        "spinning.py": SPINNING,
    }
    bundle = memfd.sealed("bundle", archive.pack(sources))
    zygote = Zygote(lambda note: print(note, file=sys.stderr))
    launcher = Launcher(zygote, NO_GROUPS, Pace())
    try:
        standby = await launcher.create("benchmark", dumpable=False)
        launcher.elevate(standby)
        standby.load(describe("Driver", "Driver", bundle, 1, _no_device), bundle)
        yield standby
        launcher.discard(standby)
    finally:
        await launcher.close()
        await zygote.close()
        os.close(bundle)


async def lines(standby: Standby, count: int) -> list[str]:
    """The first lines of its log, once there are so many."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            if len(standby.lines) >= count:
                return [text for _, text in standby.lines]
            await asyncio.sleep(0.01)


def _no_device(_end: SessionEnd) -> ProviderSession:
    raise AssertionError("it is never started")


async def _late() -> float:
    async with driver("late_ms()") as standby:
        return float((await lines(standby, 2))[1])


async def _beside() -> float:
    async with driver("work_ms(1000)") as standby:
        await lines(standby, 1)
        return await asyncio.to_thread(ordinary, "work", str(WORK))


def _beside_spinners(sample: Callable[[], float], count: int) -> Callable[[], Iterator[Sample]]:
    def contender() -> Iterator[Sample]:
        def beside() -> float:
            with spinners(count):
                return sample()

        yield beside

    return contender


WAKEUP = Benchmark(
    name="wakeup",
    summary="how late a driver wakes up beside two spinning processes",
    unit="ms",
    goal=0.5,
    ours=contextmanager(_beside_spinners(lambda: asyncio.run(_late()), SPINNERS)),
    peer=contextmanager(_beside_spinners(lambda: ordinary("late"), SPINNERS)),
    samples=3,
    note="without the means (root), a driver is an ordinary process",
)
SHARE = Benchmark(
    name="share",
    summary="two seconds' work beside a spinning driver",
    unit="ms",
    goal=1.1,
    ours=contextmanager(_beside_spinners(lambda: asyncio.run(_beside()), 0)),
    peer=contextmanager(_beside_spinners(lambda: ordinary("work", str(WORK)), 1)),
    samples=1,
)
