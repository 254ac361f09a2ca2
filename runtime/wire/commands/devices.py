"""Commands that plug simulated devices.

Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.identity import EntryId
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Name


class Plugged(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `Plug` and `Unplug`: the device's entry, and its path in the IOService plane."""

    entry: EntryId
    path: str


class Plug(CommandOf[Plugged], frozen=True, array_like=True, tag="plug"):
    """Plug a simulated device in, by its model's name (``sample``)."""

    RESULT: ClassVar[object] = Plugged
    model: Name


class Unplug(CommandOf[Plugged], frozen=True, array_like=True, tag="unplug"):
    """Unplug the simulated device of this model that was plugged last."""

    RESULT: ClassVar[object] = Plugged
    model: Name
