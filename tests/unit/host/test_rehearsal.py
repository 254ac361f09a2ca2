"""A service's start is played through to its end, and nothing of it is left."""

from pathlib import Path

import pytest

from runtime.driverkit import transport
from runtime.driverkit.service import IOService
from runtime.host import libraries, rehearsal
from runtime.linux.shared_memory import SharedMemory

TIMES = 3
_heard: list[str] = []


class Noted(rehearsal.Rehearsed):
    """Says how far it came."""

    def Start(self, provider: IOService) -> None:  # noqa: N802 - DriverKit's name
        super().Start(provider)
        _heard.append("Start")

    def Stop(self, provider: IOService) -> None:  # noqa: N802 - DriverKit's name
        _heard.append("Stop")
        super().Stop(provider)


class FakeProcess:
    """What a start asks of its process."""

    def allocate(self, size: int) -> SharedMemory:
        """See `Process.allocate`."""
        return SharedMemory.create(size)


def owned() -> tuple[list[Path], int]:
    """Descriptors, and mappings of shared memory."""
    mapped = Path("/proc/self/maps").read_text().count("memfd:memory")
    return sorted(Path("/proc/self/fd").iterdir()), mapped


def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_attached", [FakeProcess()])
    monkeypatch.setattr(rehearsal, "Rehearsed", Noted)
    _heard.clear()
    before = owned()
    for _ in range(TIMES):
        rehearsal.rehearse()
    assert _heard == ["Start", "Stop"] * TIMES
    assert owned() == before
    assert not libraries.offered()
