"""X.509 from outside: read whole, so that nothing of a certificate fails later.

The library reads most fields only when they are asked for; here they are asked for once.
Invariant: pure; bytes in, a certificate or list whose fields can be read, or `SignatureError`, out.
"""

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from runtime.signing.errors import broken

Read = TypeVar("Read")

_FAILURES = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for bytes that are no certificate."""

_FIELDS = ("subject", "issuer", "not_valid_before_utc", "not_valid_after_utc", "extensions")
_LIST_FIELDS = ("issuer", "next_update_utc", "extensions")


def from_der(data: bytes, where: str) -> x509.Certificate:
    """A certificate; `where` names it in errors.

    Raises:
        SignatureError: It is none, or a field of it cannot be read.
    """
    return _whole(x509.load_der_x509_certificate, data, _FIELDS, where, "an X.509 certificate")


def from_pem(data: bytes, where: str) -> x509.Certificate:
    """A certificate; `where` names it in errors.

    Raises:
        SignatureError: It is none, or a field of it cannot be read.
    """
    return _whole(x509.load_pem_x509_certificate, data, _FIELDS, where, "a certificate in PEM")


def revocations(data: bytes, where: str) -> x509.CertificateRevocationList:
    """A certificate revocation list in PEM; `where` names it in errors.

    Raises:
        SignatureError: It is none, or a field of it cannot be read.
    """
    what = "a certificate revocation list in PEM"
    return _whole(x509.load_pem_x509_crl, data, _LIST_FIELDS, where, what)


def _whole(
    load: Callable[[bytes], Read], data: bytes, fields: tuple[str, ...], where: str, what: str
) -> Read:
    try:
        read = load(data)
        for field in fields:
            getattr(read, field)
    except _FAILURES as error:
        raise broken(where, what, str(error)) from None
    return read
