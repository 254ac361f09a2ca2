"""Matching again: after a crash the provider waits for the same personality, then for any other."""

import functools

from runtime.model.driver_lifecycle import DriverState
from runtime.model.identity import EntryId
from runtime.model.properties import Properties, decode
from runtime.wire import client as wire
from runtime.wire.commands.registry import Subscribe, Topic

from .conftest import SECONDS, RuntimeProcess, kill, wait_for


def provider_properties(runtime: RuntimeProcess, provider: EntryId) -> Properties:
    with runtime.connect() as connection:
        connection.call(Subscribe((Topic.ENTRIES,)))
        for message in connection.messages(SECONDS):
            if isinstance(message, wire.Part):
                for entry in message.entries:
                    if entry.id == provider:
                        return decode(entry.props)
            elif isinstance(message, wire.SnapshotEnd):
                break
    raise AssertionError


def test_a_provider_counts_crashes_and_names_whom_it_waits_for(running: RuntimeProcess) -> None:
    first = running.driver()
    assert "IORematchCount" not in provider_properties(running, first.provider)
    kill(first.pid)
    again = running.driver_when(
        lambda d: d.state is DriverState.RUNNING and d.pid != first.pid, "the driver to be back"
    )
    shown = provider_properties(running, first.provider)
    assert (shown["IORematchCount"], again.crashes) == (1, 1)
    assert "IORematchPersonality" not in shown  # once: it has been matched again

    while (pid := running.driver().pid) or running.driver().state is not DriverState.QUARANTINED:
        if pid:
            kill(pid)
            wait_for(functools.partial(_has_not, running, pid), "the driver to be reaped")
    waits = provider_properties(running, first.provider)
    assert waits["IORematchCount"] == running.driver().crashes
    personality = waits["IORematchPersonality"]
    assert isinstance(personality, dict)
    assert personality["IOUserClass"] == first.name


def _has_not(runtime: RuntimeProcess, pid: int) -> bool:
    return runtime.driver().pid != pid
