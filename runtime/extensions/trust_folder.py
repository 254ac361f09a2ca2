"""Whom the administrator of this machine trusts, as files in the state folder.

``trust/PURPOSE-SHA256.pem`` is an anchor, ``trust/SHA256.crl`` a revocation list (PEM both),
``trust/SHA256.tickets`` a notary's list of tickets that it took back.

Blocks: worker processes and commands only.
Invariant: what a file says is in its name and checked against its content; a file that does not
hold is refused by name and trusts nobody.
"""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from runtime.model.errors import SignatureError, UnavailableError
from runtime.signing import certificates, revoked
from runtime.signing.errors import broken
from runtime.signing.purpose import Purpose
from runtime.signing.revoked import RevokedTickets
from runtime.signing.trust import Anchor, Trust, common_name
from runtime.wire.commands.trust import TrustItem

FOLDER = "trust"
TICKETS = ".tickets"
MAX_FILES = 256
MAX_BYTES = 4 << 20
_DIGITS = 6
_PEM = serialization.Encoding.PEM


def load(state_dir: Path) -> Trust:
    """Read everything that was added; nobody is trusted where there is no folder.

    Raises:
        SignatureError: A file is not what its name says.
        UnavailableError: The folder cannot be read.
    """
    known, lists = _read(state_dir)
    numbers: set[str] = set()
    for _, listed in lists:
        with contextlib.suppress(SignatureError):  # its notary is not trusted, nor are its tickets
            revoked.judge(listed, known, "revoked tickets")
            numbers.update(listed.numbers)
    return msgspec.structs.replace(known, revoked_tickets=frozenset(numbers))


def _read(state_dir: Path) -> tuple[Trust, list[tuple[str, RevokedTickets]]]:
    """Anchors and revocation lists; and the lists of tickets, with their fingerprints."""
    anchors: list[Anchor] = []
    revocations: list[x509.CertificateRevocationList] = []
    tickets: list[tuple[str, RevokedTickets]] = []
    for path, data in _files(state_dir / FOLDER):
        if path.suffix == ".crl":
            one = certificates.revocations(data, str(path))
            _check_name(path, _revocations_name(one))
            revocations.append(one)
        elif path.suffix == TICKETS:
            _check_name(path, _tickets_name(data))
            tickets.append((path.stem, revoked.read(data, str(path))))
        else:
            purpose = Purpose(path.name.split("-")[0])
            anchor = Anchor(purpose, certificates.from_pem(data, str(path)))
            _check_name(path, _anchor_name(anchor))
            anchors.append(anchor)
    return Trust(tuple(anchors), tuple(revocations)), tickets


def items(state_dir: Path) -> list[TrustItem]:
    """What was added, anchors first, for people.

    Raises:
        SignatureError: A file is not what its name says.
        UnavailableError: The folder cannot be read.
    """
    known, lists = _read(state_dir)
    anchors = [
        TrustItem(
            anchor.fingerprint,
            anchor.purpose,
            common_name(anchor.certificate),
            f"{anchor.certificate.not_valid_after_utc:%Y-%m-%d}",
        )
        for anchor in known.anchors
    ]
    revocations = [_revocation_item(one) for one in known.revocations]
    return anchors + revocations + [_tickets_item(*listed) for listed in lists]


def add(state_dir: Path, data: bytes, purpose: Purpose, label: str) -> TrustItem:
    """Trust a certificate authority for a purpose, or add a revocation list; adding again is fine.

    `data` is PEM, or a notary's list of revoked tickets; `label` names it in errors. The purpose of
    a list is its issuer's.

    Raises:
        SignatureError: It is none of these, no certificate authority, or of no trusted notary.
        UnavailableError: The folder cannot be written.
    """
    if data.startswith(revoked.BEGINS):
        return _add_tickets(state_dir, data, label)
    if b"BEGIN X509 CRL" in data:
        revocations = certificates.revocations(data, label)
        name = _revocations_name(revocations)
        _write(state_dir / FOLDER / name, revocations.public_bytes(_PEM))
        return _revocation_item(revocations)
    certificate = certificates.from_pem(data, label)
    _check_authority(certificate, label)
    anchor = Anchor(purpose, certificate)
    _write(state_dir / FOLDER / _anchor_name(anchor), certificate.public_bytes(_PEM))
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    return TrustItem(anchor.fingerprint, purpose, common_name(certificate), until)


def _add_tickets(state_dir: Path, data: bytes, label: str) -> TrustItem:
    listed = revoked.read(data, label)
    revoked.judge(listed, _read(state_dir)[0], label)
    name = _tickets_name(data)
    _write(state_dir / FOLDER / name, data)
    return _tickets_item(name.removesuffix(TICKETS), listed)


def remove(state_dir: Path, fingerprint: str) -> list[TrustItem]:
    """Take back what has this fingerprint, or begins with these digits; returns what it was.

    An authority is taken back for all of its purposes.

    Raises:
        SignatureError: Nothing has, or more than one certificate or list; too few digits.
        UnavailableError: The folder cannot be written.
    """
    about, digits = f"trust {fingerprint}", len(fingerprint)
    if digits < _DIGITS:
        raise broken(about, f"a fingerprint's first {_DIGITS} digits or more", str(digits))
    found = [item for item in items(state_dir) if item.fingerprint.startswith(fingerprint)]
    count = len({item.fingerprint for item in found})
    if count != 1:
        raise broken(about, "the first digits of one fingerprint", f"those of {count or 'none'}")
    try:
        for path, _ in _files(state_dir / FOLDER):
            if found[0].fingerprint in path.name:
                path.unlink()
    except OSError as error:
        raise _unwritable(state_dir / FOLDER, error) from None
    return found


def _files(folder: Path) -> list[tuple[Path, bytes]]:
    if not folder.is_dir():
        return []
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        if len(paths) > MAX_FILES:
            raise broken(str(folder), f"at most {MAX_FILES} files", str(len(paths)))
        return [(path, _bounded(path)) for path in paths if _is_ours(path)]
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise UnavailableError(f"{folder}: expected to read it, found {found}") from None


def _anchor_name(anchor: Anchor) -> str:
    return f"{anchor.purpose}-{anchor.fingerprint}.pem"


def _revocations_name(one: x509.CertificateRevocationList) -> str:
    return f"{one.fingerprint(hashes.SHA256()).hex()}.crl"


def _tickets_name(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()}{TICKETS}"


def _tickets_item(fingerprint: str, listed: RevokedTickets) -> TrustItem:
    return TrustItem(fingerprint, "", f"{len(listed.numbers)} tickets of {listed.notary}", "")


def _check_name(path: Path, name: str) -> None:
    """What is removed by its fingerprint is found by its name: no file may bear another's."""
    if path.name != name:
        raise broken(str(path), "the name that its content has", name)


def _is_ours(path: Path) -> bool:
    purposes = tuple(f"{purpose}-" for purpose in Purpose)
    if not path.is_file():  # a FIFO would never end
        raise broken(str(path), "a regular file", "another")
    if path.suffix in {".crl", TICKETS} or (
        path.suffix == ".pem" and path.name.startswith(purposes)
    ):
        return True
    raise broken(
        str(path),
        "an anchor PURPOSE-SHA256.pem or a list SHA256.crl or SHA256.tickets",
        "another file",
    )


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES)


def _check_authority(certificate: x509.Certificate, label: str) -> None:
    """Only a certificate authority can vouch: path validation would refuse any other later."""
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        basic = x509.BasicConstraints(ca=False, path_length=None)
    if not basic.ca:
        raise broken(label, "a certificate authority's certificate", common_name(certificate))


def _revocation_item(one: x509.CertificateRevocationList) -> TrustItem:
    until = one.next_update_utc
    return TrustItem(
        one.fingerprint(hashes.SHA256()).hex(),
        "",
        f"revocations of {one.issuer.rfc4514_string()}",
        f"{until:%Y-%m-%d}" if until is not None else "",
    )


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _unwritable(path.parent, error) from None


def _unwritable(folder: Path, error: OSError) -> UnavailableError:
    found = (error.strerror or str(error)).lower()
    return UnavailableError(f"{folder}: expected a folder that can be written, found {found}")
