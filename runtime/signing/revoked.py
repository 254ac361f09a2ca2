"""A notary's list of the tickets that it took back, for the machines that trust it.

A statement of the notary: whoever adds it there has every ticket in it refused. A later list has
all of an earlier one's numbers.
Invariant: a list of somebody who is no trusted notary takes nothing back.
"""

import datetime
from collections.abc import Sequence

import msgspec
from cryptography import x509

from runtime.signing import statement, trust
from runtime.signing.errors import broken
from runtime.signing.identity import Identity
from runtime.signing.purpose import Purpose
from runtime.signing.statement import Kind
from runtime.signing.trust import Trust

BEGINS = b"{"
"""What a list begins with, and no PEM file does."""


class RevokedTickets(msgspec.Struct, frozen=True):
    """A list whose signature holds: the numbers, when it was made, and who made it."""

    numbers: tuple[str, ...]
    at: datetime.datetime
    chain: tuple[x509.Certificate, ...]

    @property
    def notary(self) -> str:
        """The notary's name for people."""
        return trust.common_name(self.chain[0])


class _Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`time` in seconds since 1970."""

    numbers: tuple[str, ...]
    time: int


def make(numbers: Sequence[str], notary: Identity, now: datetime.datetime) -> bytes:
    """Sign a list of tickets that were taken back."""
    payload = _Payload(tuple(sorted(numbers)), int(now.timestamp()))
    return notary.sign(Kind.REVOKED, msgspec.json.encode(payload))


def read(data: bytes, where: str) -> RevokedTickets:
    """Read a list and check its signature; `where` names it in errors.

    Raises:
        SignatureError: It is no such list, or its signature does not hold.
    """
    opened = statement.read(data, Kind.REVOKED, where)
    try:
        payload = msgspec.json.decode(opened.payload, type=_Payload)
        at = datetime.datetime.fromtimestamp(payload.time, datetime.UTC)
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError, OSError, ValueError) as error:
        raise broken(where, "a list of revoked tickets", str(error)) from None
    return RevokedTickets(payload.numbers, at, opened.chain)


def judge(listed: RevokedTickets, known: Trust, where: str) -> None:
    """Hold a list to a trusted notary, at the time that it was made.

    Raises:
        SignatureError: No trusted notary made it.
    """
    trust.judge(known, Purpose.NOTARY, listed.chain, listed.at, where)
