"""Queues and sources without a driver process around them."""

from collections.abc import Iterator

import pytest

from runtime.host.sources import Sources
from runtime.host.thread_queue import ThreadQueue
from tests.unit.host.engine import Queues


@pytest.fixture
def queues() -> Iterator[Queues]:
    """Makes queues, and ends them."""
    made = Queues()
    yield made
    made.close()


@pytest.fixture
def serial(queues: Queues) -> ThreadQueue:
    """A queue of one thread."""
    return queues.make("serial")


@pytest.fixture
def reentrant(queues: Queues) -> ThreadQueue:
    """A queue whose callbacks may sleep."""
    return queues.make("reentrant", reentrant=True)


@pytest.fixture
def sources(queues: Queues) -> Iterator[Sources]:
    """What sources wait for."""
    made = Sources(queues.died.append)
    yield made
    made.close()
