"""A signed statement: bytes of a known kind, a signature, and the certificates of the signer.

Code signatures, time stamps and tickets are all one of these, so that there is one verifier.
What is signed is ``PREFIX kind NUL chain payload``, `chain` the SHA-256 of the certificates' DER:
a statement of one kind is never one of another, and no byte of it can be another.
Signatures: ECDSA with SHA-256 on P-256 or P-384, or RSA-PSS with SHA-256 of 2048 bits and more.
Invariant: an opened statement was signed by the key of `chain[0]`; whether anybody trusts that
certificate is `runtime.signing.trust`'s question.
"""

import enum
import hashlib

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from runtime.signing import certificates
from runtime.signing.errors import broken

DER = serialization.Encoding.DER
PREFIX = b"ioregistry-inspector statement 1 "
MAX_BYTES = 4 << 20
MAX_CHAIN = 8
MIN_RSA_BITS = 2048
_CURVES = ("secp256r1", "secp384r1")
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Kind(enum.StrEnum):
    """What a statement says."""

    CODE = "code"
    TIMESTAMP = "timestamp"
    TICKET = "ticket"
    STORE = "store"
    REVOKED = "revoked tickets"


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it is in a file: JSON, bytes in base64; `chain` is DER, the signer first."""

    kind: Kind
    payload: bytes
    signature: bytes
    chain: tuple[bytes, ...]


class Opened(msgspec.Struct, frozen=True):
    """A statement whose signature holds: what it says, and the certificates it came with."""

    payload: bytes
    signature: bytes
    chain: tuple[x509.Certificate, ...]


def make(kind: Kind, payload: bytes, key: PrivateKey, chain: tuple[x509.Certificate, ...]) -> bytes:
    """Sign a payload; `key` belongs to `chain[0]`."""
    encoded = tuple(certificate.public_bytes(DER) for certificate in chain)
    signature = _sign(key, _signed_bytes(kind, encoded, payload))
    return _encode(Statement(kind, payload, signature, encoded))


def read(data: bytes, kind: Kind, where: str) -> Opened:
    """Decode a statement of a kind and check its signature; `where` names it in errors.

    Raises:
        SignatureError: It is no such statement, or its signature does not hold.
    """
    statement = _decode(data, where)
    if statement.kind is not kind:
        raise broken(where, f"a statement of kind {kind}", statement.kind)
    chain = tuple(certificates.from_der(der, where) for der in statement.chain)
    if not 0 < len(chain) <= MAX_CHAIN:
        raise broken(where, f"1 to {MAX_CHAIN} certificates", str(len(chain)))
    signed = _signed_bytes(kind, statement.chain, statement.payload)
    if not _holds(chain[0], statement.signature, signed):
        raise broken(where, "a signature by its first certificate", "one that does not hold")
    return Opened(statement.payload, statement.signature, chain)


def _encode(statement: Statement) -> bytes:
    return msgspec.json.format(msgspec.json.encode(statement), indent=1)


def _decode(data: bytes, where: str) -> Statement:
    if len(data) > MAX_BYTES:
        raise broken(where, f"at most {MAX_BYTES} bytes", "more")
    try:
        statement = msgspec.json.decode(data, type=Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise broken(where, "a signed statement", str(error)) from None
    if _encode(statement) != data:  # white space, the order of keys, base64's unused bits
        raise broken(where, "a signed statement as it was written", "another spelling of it")
    return statement


def _signed_bytes(kind: Kind, chain: tuple[bytes, ...], payload: bytes) -> bytes:
    certificates = hashlib.sha256(b"".join(chain)).digest()
    return PREFIX + kind.encode() + b"\0" + certificates + payload


def _sign(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign(data, _PSS, hashes.SHA256())


def _holds(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
    """Whether the signature is the certificate's, by a key that counts."""
    try:
        key = certificate.public_key()
        if not counts(key):
            return False
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _PSS, hashes.SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def counts(key: object) -> bool:
    """Whether a public key is of a kind and length whose signatures are accepted."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in _CURVES
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS
