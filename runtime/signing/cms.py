"""Files in an envelope of Cryptographic Message Syntax, as signed configuration profiles are.

The envelope holds the content, one signer's signature and certificates. asn1crypto reads it, DER
or BER; `cryptography` checks the signature. Signatures: ECDSA or RSA (PKCS #1 v1.5) with SHA-256,
SHA-384 or SHA-512, by a key that `runtime.signing.statement` counts.
Source: RFC 5652 (5, 11.1, 11.2), RFC 5754.
Invariant: pure; what is opened was signed by the key of `chain[0]`; whether anybody trusts that
certificate is `runtime.signing.trust`'s question.
"""

import hashlib
import hmac

import msgspec
from asn1crypto import cms
from asn1crypto.core import Asn1Value
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from runtime.signing import certificates
from runtime.signing.errors import broken
from runtime.signing.statement import MAX_CHAIN, counts

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_EXPECTED = "one signer's envelope of signed data (CMS)"
_FAILURES = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
"""What asn1crypto raises for bytes that are none (found by mutation)."""


class Envelope(msgspec.Struct, frozen=True):
    """What was signed, and the certificates of the signer, its own first."""

    content: bytes
    chain: tuple[x509.Certificate, ...]


class _Signer(msgspec.Struct, frozen=True):
    """A signature with what it is over."""

    signed: bytes
    digest: hashes.HashAlgorithm
    signature: bytes


def read(data: bytes, where: str) -> Envelope:
    """Open an envelope and check its signature; `where` names it in errors.

    Raises:
        SignatureError: It is none, or its signature does not hold.
    """
    try:
        content, signer, encoded = _parsed(data, where)
    except _FAILURES:
        raise broken(where, _EXPECTED, "another") from None
    if not 0 < len(encoded) <= MAX_CHAIN:
        raise broken(where, f"1 to {MAX_CHAIN} certificates", str(len(encoded)))
    chain = tuple(certificates.from_der(der, where) for der in encoded)
    if not _holds(chain[0], signer):
        raise broken(where, "a signature by its signer's certificate", "one that does not hold")
    return Envelope(content, chain)


def _parsed(data: bytes, where: str) -> tuple[bytes, _Signer, list[bytes]]:
    """The content, its signer, and the certificates in DER, the signer's first."""
    outer = cms.ContentInfo.load(data, strict=True)
    if outer["content_type"].native != "signed_data":
        raise broken(where, _EXPECTED, "another kind of envelope")
    signed = outer["content"]
    content = signed["encap_content_info"]["content"].native
    infos = signed["signer_infos"]
    if not isinstance(content, bytes) or len(infos) != 1:
        raise broken(where, _EXPECTED, "no content" if content is None else f"{len(infos)} signers")
    info = infos[0]
    name = str(info["digest_algorithm"]["algorithm"].native)
    if name not in _HASHES:
        raise broken(f"{where}: digest", " or ".join(_HASHES), name)
    held = [each.chosen for each in signed["certificates"] if each.name == "certificate"]
    own = [each for each in held if _is_of(info["sid"], each)]
    if len(own) != 1:
        raise broken(where, "its signer's certificate", f"{len(own)} of them")
    chain = [own[0].dump(), *(each.dump() for each in held if each is not own[0])]
    signature = _octets(info["signature"].native)
    signer = _Signer(_over(info, content, name, where), _HASHES[name], signature)
    return content, signer, chain


def _over(info: Asn1Value, content: bytes, name: str, where: str) -> bytes:
    """What the signature is over: the content, or attributes of which one is its digest."""
    attributes = info["signed_attrs"]
    if not attributes:
        return content
    said = [each["values"] for each in attributes if each["type"].native == "message_digest"]
    if len(said) != 1 or len(said[0]) != 1:
        raise broken(where, "one digest of its content", "another number of them")
    digest = hashlib.new(name, content).digest()
    if not hmac.compare_digest(_octets(said[0][0].native), digest):
        raise broken(where, "the content that was signed", "another")
    return attributes.untag().dump()  # as a SET, and not as the field that it is


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("octets")
    return value


def _is_of(sid: Asn1Value, certificate: Asn1Value) -> bool:
    """Whether a signer names this certificate: by issuer and number, or by its key's identifier."""
    if sid.name == "subject_key_identifier":
        return bool(sid.native == certificate.key_identifier)
    named = sid.chosen
    same_issuer = named["issuer"].dump() == certificate.issuer.dump()
    return bool(same_issuer and named["serial_number"].native == certificate.serial_number)


def _holds(certificate: x509.Certificate, signer: _Signer) -> bool:
    try:
        key = certificate.public_key()
        if not counts(key):
            return False
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signer.signature, signer.signed, ec.ECDSA(signer.digest))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signer.signature, signer.signed, padding.PKCS1v15(), signer.digest)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
