"""More events than the kernel keeps for a runtime that is held up: lost, said, read again."""

import os
import signal
from pathlib import Path

import pytest

from runtime.model import words
from runtime.model.events import Resynced
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.registry import Subscribe, Topic

from .conftest import RuntimeProcess, wait_for

UEVENT = Path("/sys/class/net/lo/uevent")
EVENTS = 200_000  # of about 1 KiB of kernel memory each; the runtime asks for 64 MiB


@pytest.mark.skipif(not os.access(UEVENT, os.W_OK), reason=f"{UEVENT} cannot be written")
def test_lost_events_are_said_and_mended(runtime_process: RuntimeProcess) -> None:
    """The tree keeps its ids, the journal has a line, the status counts it."""
    before = _entries(runtime_process)
    assert runtime_process.process is not None
    runtime_process.process.send_signal(signal.SIGSTOP)
    try:
        with UEVENT.open("wb", buffering=0) as file:
            for _ in range(EVENTS):
                file.write(b"change")
    finally:
        runtime_process.process.send_signal(signal.SIGCONT)
    wait_for(lambda: runtime_process.records().status.resyncs > 0, "the resync")
    resynced = [e.detail for e in runtime_process.events() if isinstance(e.detail, Resynced)]
    assert resynced[0].cause == "ENOBUFS"
    assert "lost" in words.text(resynced[0])
    assert _entries(runtime_process) == before
    runtime_process.call(Plug("sample"))  # it listens and serves as before


def _entries(runtime: RuntimeProcess) -> dict[int, str]:
    follower = runtime.connect()
    follower.call(Subscribe((Topic.ENTRIES,)))
    found: dict[int, str] = {}
    for message in follower.messages(20):
        if isinstance(message, wire.Part):
            found |= {entry.id: entry.title for entry in message.entries}
        if isinstance(message, wire.SnapshotEnd):
            return found
    raise AssertionError
