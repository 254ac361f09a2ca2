"""The SDK with a process around it."""

from collections.abc import Iterator

import pytest

from runtime.driverkit import transport
from tests.unit.driverkit.process import FakeProcess


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProcess]:
    """What the SDK runs in."""
    made = FakeProcess()
    monkeypatch.setattr(transport, "_attached", [made])
    yield made
    made.close()
