"""Signing identities: a private key with its certificates, in one PEM file a name.

They live in the user's own folder (mode 700, files 600); an administrator's certificate authority
is whatever made the certificates. The identity ``test`` makes itself: a throw-away authority and a
certificate of one year, which no machine trusts; what it signs runs in developer mode.
Invariant: a key is never written where another user could read it, and never leaves this module
but inside an `Identity`.
"""

import contextlib
import datetime
import os
import re
import secrets
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.signing.errors import broken
from runtime.signing.purpose import Purpose
from runtime.signing.statement import Kind, PrivateKey, counts, make
from runtime.signing.trust import USAGE

TEST = "test"
TEST_TEAM = "TESTTEAM00"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME_MAX = 64
_PEM = serialization.Encoding.PEM


class Identity(msgspec.Struct, frozen=True):
    """A key and its chain, the key's own certificate first, without the anchor."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    def sign(self, kind: Kind, payload: bytes) -> bytes:
        """Make a signed statement."""
        return make(kind, payload, self.key, self.chain)


def load(name_or_path: str, folder: Path) -> Identity:
    """Load an identity by its name in a folder, or by a path with a slash; blocks.

    `test` is made when it is asked for the first time.

    Raises:
        SignatureError: There is none, or it is not a key with its certificates.
    """
    if "/" in name_or_path:
        return _read(Path(name_or_path))
    path = path_of(name_or_path, folder)
    if name_or_path == TEST and not path.exists():
        save(make_test(), path)
    return _read(path)


def path_of(name: str, folder: Path) -> Path:
    """Where the identity of a name is, or would be.

    Raises:
        SignatureError: It is no name, but a path or something hidden.
    """
    if not _NAME.fullmatch(name):
        raise broken(f"identity {name}", "a name of letters, digits, . _ and -", "another")
    return folder / f"{name}.pem"


def certificate_pem(identity: Identity) -> bytes:
    """The identity's own certificate, for others: what `systemextensionsctl trust add` takes."""
    return identity.chain[0].public_bytes(_PEM)


def save(identity: Identity, path: Path) -> None:
    """Write an identity's key and chain, readable by its owner alone; an old file is replaced.

    Raises:
        SignatureError: The folder cannot be written.
    """
    text = identity.key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + b"".join(certificate.public_bytes(_PEM) for certificate in identity.chain)
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _unusable(path, "a folder that can be written", error) from None


def make_test() -> Identity:
    """Make a throw-away identity: an authority that nobody knows, and a developer's certificate."""
    authority = make_authority("Throw-away authority")
    return issue(authority, Purpose.DEVELOPER, "Test identity", TEST_TEAM)


def make_authority(name: str, days: int = 3650) -> Identity:
    """Make a self-signed certificate authority (P-256).

    Raises:
        SignatureError: The name is none.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([_attribute(NameOID.COMMON_NAME, name)])
    usage = _key_usage(signs_certificates=True)
    builder = (
        _builder(subject, subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Identity(key, (builder.sign(key, hashes.SHA256()),))


def issue(
    authority: Identity, purpose: Purpose, name: str, team: str = "", days: int = 365
) -> Identity:
    """Have an authority issue an identity for a purpose; its chain ends before the authority.

    Raises:
        SignatureError: The name or the team is none.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [_attribute(NameOID.COMMON_NAME, name)]
    if team:
        attributes.append(_attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, team))
    issuer = authority.chain[0]
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(x509.Name(attributes), issuer.subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USAGE[purpose]]), critical=False)
        .add_extension(authority_key, critical=False)
    )
    return Identity(key, (builder.sign(authority.key, hashes.SHA256()), *authority.chain[:-1]))


def _attribute(oid: x509.ObjectIdentifier, text: str) -> x509.NameAttribute[str]:
    """Part of a name; RFC 5280, appendix A: at most 64 characters (ub-common-name)."""
    if not text.isprintable() or not 0 < len(text.encode()) <= NAME_MAX:
        raise broken(f"name {text!r:.80}", f"1 to {NAME_MAX} printable bytes", "others")
    return x509.NameAttribute(oid, text)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _read(path: Path) -> Identity:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unusable(path, "an identity: a private key and its certificates", error) from None
    try:
        key = serialization.load_pem_private_key(data, password=None)
        chain = tuple(x509.load_pem_x509_certificates(data))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise broken(str(path), "a private key and its certificates in PEM", str(error)) from None
    if not isinstance(key, PrivateKey) or not counts(key.public_key()):
        found = type(key).__name__
        raise broken(str(path), "a key on P-256 or P-384, or RSA of 2048 bits and more", found)
    if chain[0].public_key() != key.public_key():
        raise broken(str(path), "the key's own certificate first", "another's")
    return Identity(key, chain)


def _unusable(path: Path, expected: str, error: OSError) -> Exception:
    return broken(str(path), expected, (error.strerror or str(error)).lower())
