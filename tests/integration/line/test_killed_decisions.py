"""`kill -9` of a runtime while it carries out a decision: it is kept whole or not at all.

The long form: `scripts/test tests/integration/line/test_killed_decisions.py --rounds 100`. Every
step of the ledger itself is in tests/unit/extensions/test_killed.py.
"""

import random
from pathlib import Path
from typing import TypeVar

from runtime.client.blocking import Connection
from runtime.model.extension_lifecycle import RUNNABLE, ExtensionState
from runtime.model.identity import BundleId, ContentHash
from runtime.model.records import Request, RequestState
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.extensions import Activate, Deactivate, Decide, SetDeveloperMode

from .apps import BUNDLE, driver_source, make_app
from .conftest import RuntimeProcess

R = TypeVar("R")

ROUNDS = 2
SEED = 7


def decide_and_kill(runtime: RuntimeProcess, command: CommandOf[R], wait_s: float) -> bool:
    """Send a command, kill the runtime a moment later; whether it was acknowledged before."""
    answers: list[R] = []
    connection: Connection = runtime.connect()
    connection.ask(command, answers.append)
    connection.take(wait_s)
    runtime.kill()
    return bool(answers)


def check(runtime: RuntimeProcess, approved: set[ContentHash]) -> None:
    """At most one version may run, and what drives was approved."""
    records = runtime.records()
    runnable = [one for one in records.extensions if one.state in RUNNABLE]
    assert len(runnable) <= 1
    assert {one.content_hash for one in runnable} <= approved
    assert {one.content_hash for one in records.drivers} <= approved


def test_a_decision_is_whole_or_not_there(
    runtime_process: RuntimeProcess, tmp_path: Path, rounds: int | None
) -> None:
    runtime, chance = runtime_process, random.Random(SEED)
    runtime.call(SetDeveloperMode(on=True))
    sources = driver_source("pass")
    apps = [make_app(tmp_path / n, sources, CFBundleVersion=n) for n in ("1", "2")]
    approved: set[ContentHash] = set()
    for number in range(rounds or ROUNDS):
        runtime.call(Plug("sample"))
        request: Request = runtime.call(Activate(str(apps[number % 2])))
        if request.state is RequestState.WAITING:
            approved.add(request.content_hash)
            answer = Decide(request.id, request.content_hash, request.nonce, approve=True)
            kept = decide_and_kill(runtime, answer, chance.uniform(0, 0.05))
            runtime.start()
            check(runtime, approved)
            if kept:
                states = {one.content_hash: one.state for one in runtime.records().extensions}
                assert states[request.content_hash] in RUNNABLE
        else:
            remove = Deactivate(BundleId(BUNDLE))
            kept = decide_and_kill(runtime, remove, chance.uniform(0, 0.05))
            runtime.start()
            check(runtime, approved)
            there = {one.state for one in runtime.records().extensions}
            assert not kept or there <= {ExtensionState.REMOVED}
