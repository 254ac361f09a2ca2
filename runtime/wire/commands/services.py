"""Commands of programs that use a driver: its service, opened.

Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.identity import EntryId
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Number, Text


class Opened(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `OpenService`: the user client's entry, or a kern_return_t and a sentence."""

    client: EntryId
    code: Number = 0
    text: Text = ""


class OpenService(CommandOf[Opened], frozen=True, array_like=True, tag="open-service"):
    """Open a driver's service, by its entry; `kind` is the driver's own word for what is wanted.

    Needs the app's entitlement ``com.apple.developer.driverkit.userclient-access`` for the driver's
    bundle, unless that lets any program in. With an answer that names a client comes a descriptor:
    this program's end of a pair with the driver, which speaks `runtime.wire.user_client`. It stays
    open when this connection ends.
    """

    RESULT: ClassVar[object] = Opened
    entry: EntryId
    kind: Number = 0
