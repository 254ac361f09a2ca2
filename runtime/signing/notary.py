"""What an organisation says of a signed app: a notary's ticket, or its store's countersignature.

Both are statements about the digest of an app's seal, stapled into ``_CodeSignature/``. A ticket
carries a number, so that it can be looked up and revoked; a revoked number is refused wherever the
revocation list (a statement of the same notary) was added.
Invariant: pure; a ticket for one seal never speaks for another.
"""

import datetime
from collections.abc import Mapping

import msgspec

from runtime.signing import statement, trust
from runtime.signing.code import STORE_SEAL, TICKET, Code
from runtime.signing.errors import broken
from runtime.signing.identity import Identity
from runtime.signing.purpose import Purpose
from runtime.signing.statement import Kind
from runtime.signing.trust import Trust

_CHANNELS = (
    (STORE_SEAL, Kind.STORE, Purpose.STORE),
    (TICKET, Kind.TICKET, Purpose.NOTARY),
)


class Ticket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of a ticket and of a store's seal; `time` in seconds since 1970."""

    number: str
    code: str  # the app's Code.digest
    identifier: str
    team_id: str
    time: int


def make_ticket(ticket: Ticket, identity: Identity, purpose: Purpose) -> dict[str, bytes]:
    """Sign a ticket (`NOTARY`) or a store's seal (`STORE`); returns the file to staple, by path."""
    path, kind = next((path, kind) for path, kind, known in _CHANNELS if known is purpose)
    return {path: identity.sign(kind, msgspec.json.encode(ticket))}


def judge_channel(
    code: Code, files: Mapping[str, bytes], known: Trust, now: datetime.datetime, where: str
) -> Purpose:
    """Say through which channel an app came: the store's, or Developer ID with a ticket.

    Raises:
        SignatureError: Neither, or what is stapled is not about this app or not trusted.
    """
    for path, kind, purpose in _CHANNELS:
        if path not in files:
            continue
        label = f"{where}/{path}"
        opened = statement.read(files[path], kind, label)
        ticket = _ticket(opened.payload, label)
        if ticket.code != code.digest:
            raise broken(label, "a ticket for this app", f"one for {ticket.identifier}")
        if ticket.number in known.revoked_tickets:
            raise broken(label, "a ticket that holds", f"{ticket.number}, which was revoked")
        trust.judge(known, purpose, opened.chain, now, label)
        return purpose
    raise broken(where, "a notary's ticket or a store's seal", "neither")


def _ticket(payload: bytes, where: str) -> Ticket:
    try:
        return msgspec.json.decode(payload, type=Ticket)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise broken(where, "a ticket", str(error)) from None
