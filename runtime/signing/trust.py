"""Whom this machine trusts: anchors that an administrator added, each for one purpose.

A chain is judged by `cryptography`'s X.509 path validation (RFC 5280: names, signatures, validity,
basic constraints, critical extensions), with an anchor of the purpose as its end and the purpose's
extended key usage in its first certificate. Revocation lists (RFC 5280 §5) are those that the
administrator added; a list counts when the issuer of the certificate signed it.
Invariant: pure; nothing is trusted that no anchor of this very purpose vouches for.
"""

import datetime
import itertools
from collections.abc import Sequence

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from runtime.signing.errors import broken
from runtime.signing.purpose import Purpose

MAX_INTERMEDIATES = 4


# A private use gets its own arc below 2.25 (ITU-T X.667: a UUID as an integer).
_ARC = "2.25.206134271409372218512873094217065523901"
USAGE: dict[Purpose, x509.ObjectIdentifier] = {
    Purpose.DEVELOPER: ExtendedKeyUsageOID.CODE_SIGNING,
    Purpose.NOTARY: x509.ObjectIdentifier(f"{_ARC}.1"),
    Purpose.STORE: x509.ObjectIdentifier(f"{_ARC}.2"),
    Purpose.TIMESTAMP: ExtendedKeyUsageOID.TIME_STAMPING,
    Purpose.PROFILE: ExtendedKeyUsageOID.EMAIL_PROTECTION,
}
"""The extended key usage that the first certificate of a chain needs."""


class Anchor(msgspec.Struct, frozen=True):
    """A certificate that may end a chain of its purpose."""

    purpose: Purpose
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate's DER, 64 lower-case hex digits."""
        return fingerprint(self.certificate)


class Trust(msgspec.Struct, frozen=True):
    """All that was added: anchors, revocation lists, and numbers of tickets taken back."""

    anchors: tuple[Anchor, ...] = ()
    revocations: tuple[x509.CertificateRevocationList, ...] = ()
    revoked_tickets: frozenset[str] = frozenset()


def judge(
    trust: Trust,
    purpose: Purpose,
    chain: Sequence[x509.Certificate],
    at: datetime.datetime,
    where: str,
) -> None:
    """Hold a chain, signer first, to a purpose at a time (aware).

    Raises:
        SignatureError: No anchor of the purpose vouches for it at that time, or it was revoked.
    """
    anchors = [anchor.certificate for anchor in trust.anchors if anchor.purpose is purpose]
    if not anchors:
        raise broken(where, f"an authority that is trusted for {purpose}", "none")
    _check_usage(chain[0], purpose, where)
    try:
        verified = _verifier(anchors, at).verify(chain[0], list(chain[1:]))
    except (verification.VerificationError, ValueError):
        expected = f"a signer that an authority trusted for {purpose} vouches for"
        raise broken(where, expected, _not_vouched_for(chain, at)) from None
    _check_revoked(trust.revocations, verified.chain, where)


def team_id(certificate: x509.Certificate) -> str:
    """The signer's team: the organizational unit of its subject, as in Apple's certificates."""
    return _name(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)


def common_name(certificate: x509.Certificate) -> str:
    """The signer's name for people; the fingerprint where it has none."""
    return _name(certificate, NameOID.COMMON_NAME) or fingerprint(certificate)[:12]


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's DER, 64 lower-case hex digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    value = values[0].value if values else ""
    return value if isinstance(value, str) else ""


def _not_vouched_for(chain: Sequence[x509.Certificate], at: datetime.datetime) -> str:
    """Why path validation failed: a certificate of the chain was not valid then, or nobody does."""
    for certificate in chain:
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not since <= at <= until:
            name = common_name(certificate)
            return f"{name}, valid from {since:%Y-%m-%d} to {until:%Y-%m-%d}, on {at:%Y-%m-%d}"
    return f"{common_name(chain[0])}, for whom none does"


def _verifier(
    anchors: Sequence[x509.Certificate], at: datetime.datetime
) -> verification.ClientVerifier:
    builder = verification.PolicyBuilder().store(verification.Store(list(anchors))).time(at)
    builder = builder.max_chain_depth(MAX_INTERMEDIATES)
    return builder.extension_policies(
        ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
        ee_policy=verification.ExtensionPolicy.permit_all(),
    ).build_client_verifier()


def _check_usage(certificate: x509.Certificate, purpose: Purpose, where: str) -> None:
    """`verify` has its own idea of usages (that of TLS); ours is checked here."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    if USAGE[purpose] not in usages:
        raise broken(where, f"a certificate for the purpose {purpose}", common_name(certificate))


def _check_revoked(
    revocations: Sequence[x509.CertificateRevocationList],
    chain: Sequence[x509.Certificate],
    where: str,
) -> None:
    """A revoked certificate vouches for nothing, not even for what it signed before."""
    for certificate, issuer in itertools.pairwise(chain):
        for revocation in revocations:
            if revocation.issuer != certificate.issuer:
                continue
            if not revocation.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
                continue
            revoked = revocation.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if revoked is not None:
                day = f"{revoked.revocation_date_utc:%Y-%m-%d}"
                found = f"{common_name(certificate)}, revoked on {day}"
                raise broken(where, "a certificate that holds", found)
