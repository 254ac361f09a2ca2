"""Commands about configuration profiles: what an organisation allows and forbids.

Invariant: values only, no I/O; a profile crosses as the bytes of its file and is judged there.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from runtime.model.policy import Profile
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import PROFILE, Name


class ProfileList(msgspec.Struct, frozen=True, array_like=True):
    """Answer to all commands about profiles: what there is, what was added, what was removed."""

    items: tuple[Profile, ...]


class ListProfiles(CommandOf[ProfileList], frozen=True, array_like=True, tag="list-profiles"):
    """Everything that was added, in that order."""

    RESULT: ClassVar[object] = ProfileList


class AddProfile(CommandOf[ProfileList], frozen=True, array_like=True, tag="add-profile"):
    """Add a profile (`.mobileconfig`), in place of one with its identifier.

    What it allows and what waits is completed, what it forbids is disabled. Refused with ``sx-9``
    (it is no such profile), ``signature`` (its signature does not hold), ``busy`` (there are too
    many) or ``not-allowed``.
    """

    RESULT: ClassVar[object] = ProfileList
    data: Annotated[bytes, Meta(max_length=PROFILE)]
    label: Name  # its file's name, for people


class RemoveProfile(CommandOf[ProfileList], frozen=True, array_like=True, tag="remove-profile"):
    """Remove a profile; what only it allowed is deactivated.

    Refused with ``not-found`` or ``not-allowed``.
    """

    RESULT: ClassVar[object] = ProfileList
    identifier: Name
