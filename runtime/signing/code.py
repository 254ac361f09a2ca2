"""A bundle's code signature: made, and held to the bundle and to what this machine trusts.

In ``_CodeSignature/``: ``CodeSignature``, the signed seal; ``Timestamp``, an authority's statement
of when that signature existed; ``Ticket`` and ``StoreSeal`` (`runtime.signing.notary`).
Two questions, never mixed: *is it whole* (`verify`: the files are those that were sealed by the key
of this certificate) and *is its signer trusted* (`judge_signer`). Only the second needs `Trust`.
Invariant: pure; a bundle that verifies has exactly the files that its signer sealed.
"""

import datetime
from collections.abc import Mapping

import msgspec
from cryptography import x509

from runtime.signing import seal, statement, trust
from runtime.signing.errors import broken
from runtime.signing.identity import Identity
from runtime.signing.purpose import Purpose
from runtime.signing.seal import FOLDER, Seal
from runtime.signing.statement import Kind
from runtime.signing.trust import Trust

SIGNATURE = f"{FOLDER}CodeSignature"
TIMESTAMP = f"{FOLDER}Timestamp"
TICKET = f"{FOLDER}Ticket"
STORE_SEAL = f"{FOLDER}StoreSeal"
KNOWN = frozenset({SIGNATURE, TIMESTAMP, TICKET, STORE_SEAL})
"""All that may be in ``_CodeSignature/``."""


class Code(msgspec.Struct, frozen=True):
    """A whole bundle: its seal, the seal's digest (the code's identity), and who signed it."""

    seal: Seal
    digest: str
    chain: tuple[x509.Certificate, ...]
    signature: bytes

    @property
    def team_id(self) -> str:
        """The signer's team, empty where the certificate names none."""
        return trust.team_id(self.chain[0])

    @property
    def signer(self) -> str:
        """The signer's name for people."""
        return trust.common_name(self.chain[0])


class _Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of a time stamp: SHA-256 of the signature it is about, seconds since 1970."""

    signature: str
    time: int


def sign(sealed: bytes, identity: Identity, authority: Identity | None = None) -> dict[str, bytes]:
    """Sign a seal; returns the files of ``_CodeSignature/`` by path, with a time stamp or without.

    Tickets of an earlier signature are not among them: they were about another seal.
    """
    signed = identity.sign(Kind.CODE, sealed)
    files = {SIGNATURE: signed}
    if authority is not None:
        signature = statement.read(signed, Kind.CODE, SIGNATURE).signature
        now = int(datetime.datetime.now(datetime.UTC).timestamp())
        stamp = msgspec.json.encode(_Stamp(seal.digest(signature), now))
        files[TIMESTAMP] = authority.sign(Kind.TIMESTAMP, stamp)
    return files


def verify(files: Mapping[str, bytes], where: str, nested: Mapping[str, str] | None = None) -> Code:
    """Hold a bundle to its own signature; `nested` are the digests of the bundles inside it.

    Raises:
        SignatureError: It is not signed, or the first thing that is not as it was sealed.
    """
    for path in sorted(files):
        if path.startswith(FOLDER) and path not in KNOWN:  # the seal does not cover this folder
            raise broken(f"{where}/{path}", "only what a signature is made of", "another file")
    code = read(files, where)
    seal.check(code.seal, files, where)
    seal.check_nested(code.seal, nested or {}, where)
    return code


def read(files: Mapping[str, bytes], where: str) -> Code:
    """Read what a bundle's signature says; its files are not held to it.

    Raises:
        SignatureError: It is not signed, or the signature does not hold.
    """
    data = files.get(SIGNATURE)
    if data is None:
        raise broken(f"{where}/{SIGNATURE}", "a code signature", "no such file")
    opened = statement.read(data, Kind.CODE, f"{where}/{SIGNATURE}")
    sealed = seal.read(opened.payload, f"{where}/{SIGNATURE}")
    return Code(sealed, seal.digest(opened.payload), opened.chain, opened.signature)


def judge_signer(
    code: Code, files: Mapping[str, bytes], known: Trust, now: datetime.datetime, where: str
) -> None:
    """Hold a signer to this machine's trust, at the time of a trusted stamp or now.

    Raises:
        SignatureError: No trusted authority vouches for the signer at that time.
    """
    at = _stamped(code, files, known, where) or now
    trust.judge(known, Purpose.DEVELOPER, code.chain, at, f"{where}/{SIGNATURE}")


def _stamped(
    code: Code, files: Mapping[str, bytes], known: Trust, where: str
) -> datetime.datetime | None:
    """When the signature existed, as a trusted authority says; None without a stamp.

    The authority is judged at the time that it states: a stamp outlives its certificate.
    """
    data = files.get(TIMESTAMP)
    if data is None:
        return None
    label = f"{where}/{TIMESTAMP}"
    opened = statement.read(data, Kind.TIMESTAMP, label)
    try:
        stamp = msgspec.json.decode(opened.payload, type=_Stamp)
        at = datetime.datetime.fromtimestamp(stamp.time, datetime.UTC)
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError, OSError, ValueError) as error:
        raise broken(label, "a time stamp", str(error)) from None
    if stamp.signature != seal.digest(code.signature):
        raise broken(label, "a time stamp of this signature", "one of another")
    trust.judge(known, Purpose.TIMESTAMP, opened.chain, at, label)
    return at
