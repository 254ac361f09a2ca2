"""Revocation lists of an authority whose key is here: a certificate is added, none taken out.

Source: RFC 5280, 5.
Invariant: pure; a list holds what the one before it held.
"""

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from runtime.signing.errors import broken
from runtime.signing.identity import Identity
from runtime.signing.trust import common_name

VALID = datetime.timedelta(days=3650)  # it is added by hand: nothing fetches the next one


def revoke(
    authority: Identity,
    certificate: x509.Certificate,
    earlier: x509.CertificateRevocationList | None,
    where: str,
) -> x509.CertificateRevocationList:
    """The authority's list with one more certificate; `where` names it in errors.

    Raises:
        SignatureError: Another authority issued it.
    """
    issuer = authority.chain[0]
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        expected = f"a certificate that {common_name(issuer)} issued"
        raise broken(where, expected, common_name(certificate)) from None
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(now).next_update(now + VALID)
    for one in earlier or ():
        if one.serial_number != certificate.serial_number:
            builder = builder.add_revoked_certificate(one)
    revoked = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
    builder = builder.add_revoked_certificate(revoked.revocation_date(now).build())
    return builder.sign(authority.key, hashes.SHA256())
