"""`kill -9` of driver, broker, zygote, standby or runtime at random: nothing is left behind.

The long form: `scripts/test tests/integration/line/test_random_kills.py --rounds 1000`; a runtime
is killed in less than a second, so that it takes a quarter of an hour.
"""

import random
import time

from runtime.model.driver_lifecycle import DriverState
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.extensions import SetDeveloperMode

from .conftest import CHILDREN, RuntimeProcess, alive, kill, wait_for

ROUNDS = 25  # children killed; with --rounds, that many
RUNTIMES = 3  # runtimes killed; with --rounds, that many
STATE = {"aliases", "crashes", "extensions.sqlite", "journal.sqlite", "lock", "staged"}
SEED = 5


def settled(runtime: RuntimeProcess) -> bool:
    driver = runtime.driver()
    return driver.state is DriverState.RUNNING and alive(driver.pid)


def test_children_killed_at_random_come_back(running: RuntimeProcess, rounds: int | None) -> None:
    chance = random.Random(SEED)
    running.stop()
    running.start("--restart-at-once")
    running.call(Plug("sample"))
    wait_for(lambda: len(running.records().drivers) == 1 and settled(running), "the driver")
    for _ in range(rounds or ROUNDS):
        victims = running.children()
        if victims and (victim := chance.choice(victims)) in running.children():
            kill(victim)
        time.sleep(chance.uniform(0, 0.03))  # what is hit is at another point each time
    wait_for(lambda: settled(running), "the driver to run again")
    wait_for(lambda: len(running.children()) == CHILDREN, "everything that waits to be there again")
    left = running.children()
    running.stop()
    wait_for(lambda: not any(alive(pid) for pid in left), "the end of every child")


def test_a_killed_runtime_takes_its_children_along_and_loses_nothing_acknowledged(
    running: RuntimeProcess, rounds: int | None
) -> None:
    chance = random.Random(SEED)
    for _ in range(rounds or RUNTIMES):
        developer = chance.random() < 0.5
        running.call(SetDeveloperMode(on=developer))
        left = running.children()
        running.kill()
        wait_for(lambda: not any(alive(pid) for pid in left), "the end of every child")  # noqa: B023 - waited for within the turn
        running.start()
        kept = running.records()
        assert kept.status.developer is developer, "what was acknowledged is kept"
        assert [extension.bundle_id for extension in kept.extensions] == [
            "com.example.sampleusb.driver"
        ]
        running.call(Plug("sample"))
        time.sleep(chance.uniform(0, 0.3))  # a driver is being launched, starts, or runs
    running.call(SetDeveloperMode(on=True))
    wait_for(lambda: any(d.state is DriverState.RUNNING for d in running.records().drivers), "it")
    running.stop()
    kinds = {path.name for path in running.state_dir.iterdir()}
    assert kinds <= STATE, "nothing half-written is left in the state folder"
