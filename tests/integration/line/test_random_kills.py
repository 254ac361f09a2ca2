"""`kill -9` of driver, broker, zygote, standby or runtime at random: nothing is left behind."""

import random
import time
from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.wire.commands.devices import Plug

from .conftest import RuntimeProcess, alive, kill, wait_for

ROUNDS = 25
RUNTIMES = 3
SEED = 5


def children(runtime: RuntimeProcess) -> list[int]:
    """The runtime's own children: zygote, standby, broker, driver."""
    assert runtime.process is not None
    pid = runtime.process.pid
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def settled(runtime: RuntimeProcess) -> bool:
    driver = runtime.driver()
    return driver.state is DriverState.RUNNING and alive(driver.pid)


def test_children_killed_at_random_come_back(running: RuntimeProcess) -> None:
    chance = random.Random(SEED)
    running.stop()
    running.start("--restart-at-once")
    running.call(Plug("sample"))
    wait_for(lambda: len(running.records().drivers) == 1 and settled(running), "the driver")
    for _ in range(ROUNDS):
        victims = children(running)
        if victims and (victim := chance.choice(victims)) in children(running):
            kill(victim)
        time.sleep(chance.uniform(0, 0.03))  # what is hit is at another point each time
    wait_for(lambda: settled(running), "the driver to run again")
    wait_for(lambda: len(children(running)) == 4, "a zygote, a standby, a broker and a driver")
    left = children(running)
    running.stop()
    wait_for(lambda: not any(alive(pid) for pid in left), "the end of every child")


def test_a_killed_runtime_takes_its_children_along_and_loses_no_decision(
    running: RuntimeProcess,
) -> None:
    chance = random.Random(SEED)
    for _ in range(RUNTIMES):
        wait_for(lambda: settled(running), "the driver")
        if chance.random() < 0.5:
            kill(running.driver().pid)
        left = children(running)
        running.kill()
        wait_for(lambda: not any(alive(pid) for pid in left), "the end of every child")  # noqa: B023 - waited for within the turn
        running.start()
        states = [extension.state.value for extension in running.records().extensions]
        assert states == ["active"], "what was acknowledged is kept"
        running.call(Plug("sample"))
        wait_for(lambda: len(running.records().drivers) == 1, "the driver")
