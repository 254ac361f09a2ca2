"""Machines on one file, closed at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.registry.journal import HISTORY_BYTES
from tests.unit.registry.machine import Machine


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """Start a machine on one file; all are closed at the end."""
    started: list[Machine] = []

    def starter(run: str = "run", keep: int = HISTORY_BYTES, ms: int = 1_000_000) -> Machine:
        started.append(Machine(tmp_path / "journal.db", run, keep, ms))
        return started[-1]

    yield starter
    for machine in started:
        machine.close()


@pytest.fixture
def machine(start: Callable[..., Machine]) -> Machine:
    return start()
