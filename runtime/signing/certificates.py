"""X.509 from outside: read whole, so that nothing of a certificate fails later.

The library reads most fields only when they are asked for; here they are asked for once.
Invariant: pure; bytes in, a certificate or list whose fields can be read, or `SignatureError`, out.
"""

import re
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
_TITLE = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
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
    except _FAILURES:
        raise broken(where, what, _found(data)) from None
    return read


def _found(data: bytes) -> str:
    """What bytes are that are not what was expected, in words of our own."""
    if not data.strip():
        return "nothing"
    if title := _TITLE.search(data):
        return f"“{title[1].decode()}” in PEM that cannot be read as one"
    return "other bytes"
