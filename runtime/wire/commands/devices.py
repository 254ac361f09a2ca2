"""Commands that plug simulated devices.

Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.identity import EntryId
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Name, Text


class Plugged(msgspec.Struct, frozen=True, array_like=True):
    """Answer to every command here: the device's entry, and its path in the IOService plane."""

    entry: EntryId
    path: str


class Plug(CommandOf[Plugged], frozen=True, array_like=True, tag="plug"):
    """Plug a simulated device in, by its model's name (``sample``)."""

    RESULT: ClassVar[object] = Plugged
    model: Name


class PlugRecorded(CommandOf[Plugged], frozen=True, array_like=True, tag="plug-recorded"):
    """Plug a recorded device in; `path` unplugs it.

    Both paths are absolute: a umockdev dump or the text of `lsusb -v`, and its transfers, a capture
    or a recording of ioctls; empty for none. They are read with the rights of who asks.
    """

    RESULT: ClassVar[object] = Plugged
    path: Text
    capture: Text = ""


class UnplugEntry(CommandOf[Plugged], frozen=True, array_like=True, tag="unplug-entry"):
    """Unplug the simulated or recorded device that this entry is, or is a part of."""

    RESULT: ClassVar[object] = Plugged
    entry: EntryId


class Unplug(CommandOf[Plugged], frozen=True, array_like=True, tag="unplug"):
    """Unplug the simulated device of this model, or recorded in this file, plugged last."""

    RESULT: ClassVar[object] = Plugged
    model: Text
