"""Every command has its place in the system service: free, of an action, or never."""

import typing

import pytest

from runtime.engine import administrators
from runtime.engine.administrators import Action
from runtime.engine.authority import DECISIONS
from runtime.wire.commands import Command
from runtime.wire.commands.devices import Plug, PlugRecorded, Unplug, UnplugEntry
from runtime.wire.commands.drivers import (
    QuarantineDriver,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
)
from runtime.wire.commands.extensions import Decide

COMMANDS: frozenset[type] = frozenset(typing.get_args(Command))
FREE = frozenset(administrators._FREE)
ACTIONS = administrators._ACTIONS
LOGS = frozenset(administrators._LOGS)
NEVER = frozenset(administrators._NEVER)
STEERING: frozenset[type] = frozenset(
    {
        RestartDriver,
        StopDriver,
        QuarantineDriver,
        ReleaseDriver,
        SampleDriver,
        Plug,
        PlugRecorded,
        Unplug,
        UnplugEntry,
    }
)
"""What `manage-drivers` stands for: the action of a command that nobody named."""


def test_every_command_is_classified_once() -> None:
    kinds = [FREE, frozenset(ACTIONS), LOGS, NEVER, STEERING, frozenset({Decide})]
    assert frozenset().union(*kinds) == COMMANDS, "a new command needs its place, and a line here"
    assert sum(map(len, kinds)) == len(COMMANDS)


@pytest.mark.parametrize("command", DECISIONS)
def test_what_changes_what_may_run_is_nobodys_for_free(command: type) -> None:
    assert command not in FREE
    assert command is Decide or ACTIONS[command] is not Action.DRIVERS
