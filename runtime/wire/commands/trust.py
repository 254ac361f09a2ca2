"""Commands about whom this machine trusts: certificate authorities and their revocation lists.

Invariant: values only, no I/O.
"""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import PEM, Name


class TrustItem(msgspec.Struct, frozen=True, array_like=True):
    """One thing that was added: an authority with its purpose, or a revocation list (none)."""

    fingerprint: str  # SHA-256 of its DER, 64 lower-case hex digits
    purpose: str
    name: str
    until: str  # last day that it is valid, or until when the list is; ISO, empty without one


class Trusted(msgspec.Struct, frozen=True, array_like=True):
    """Answer to the commands here: what they are about."""

    items: tuple[TrustItem, ...]


class ListTrust(CommandOf[Trusted], frozen=True, array_like=True, tag="list-trust"):
    """Everything that was added, authorities first."""

    RESULT: ClassVar[object] = Trusted


class AddTrust(CommandOf[Trusted], frozen=True, array_like=True, tag="add-trust"):
    """Trust an authority for a purpose, or add a revocation list; answer: what it is.

    `data` is PEM, or a notary's list of revoked tickets; `purpose` is ``developer``, ``notary``,
    ``store``, ``timestamp`` or ``profile``. What is staged is judged by it before the answer.
    Refused with ``signature`` (none of these) or ``not-allowed``.
    """

    RESULT: ClassVar[object] = Trusted
    data: Annotated[bytes, Meta(max_length=PEM)]
    purpose: Name
    label: Name  # its file, for errors


class RemoveTrust(CommandOf[Trusted], frozen=True, array_like=True, tag="remove-trust"):
    """Take back what has this fingerprint, or begins with these digits (6 at least).

    Refused with ``signature`` when that is not one certain thing, or ``not-allowed``.
    """

    RESULT: ClassVar[object] = Trusted
    fingerprint: Name
