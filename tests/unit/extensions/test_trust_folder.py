"""The folder of trust: added, listed, refused."""

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from runtime.extensions import trust_folder
from runtime.model.errors import SignatureError
from runtime.signing import identity
from runtime.signing.purpose import Purpose

ROOT = identity.make_authority("Example root")
PEM = identity.certificate_pem(ROOT)


def test_what_was_added_is_listed_once(tmp_path: Path) -> None:
    first = trust_folder.add(tmp_path, PEM, Purpose.DEVELOPER, "root.crt")
    assert trust_folder.add(tmp_path, PEM, Purpose.DEVELOPER, "again.crt") == first
    assert trust_folder.items(tmp_path) == [first]
    assert (first.purpose, first.name) == ("developer", "Example root")


def test_nobody_is_trusted_at_first(tmp_path: Path) -> None:
    assert trust_folder.load(tmp_path / "none").anchors == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"noise", "given: expected a certificate in PEM, found other bytes$"),
        (b"\n", "given: expected a certificate in PEM, found nothing$"),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----\n",
            "expected a certificate in PEM, found “RSA PRIVATE KEY” in PEM that cannot be read as",
        ),
        (b"-----BEGIN X509 CRL-----\n", "given: expected a certificate revocation list in PEM"),
        (
            identity.certificate_pem(identity.issue(ROOT, Purpose.DEVELOPER, "Ada")),
            "given: expected a certificate authority's certificate, found Ada",
        ),
    ],
)
def test_what_cannot_vouch_is_not_added(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(SignatureError, match=words):
        trust_folder.add(tmp_path, data, Purpose.DEVELOPER, "given")
    assert trust_folder.items(tmp_path) == []


@pytest.mark.parametrize("name", ["notes.txt", "friend-00.pem", "developer-00.pem"])
def test_a_file_that_is_nothing_of_ours_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / name).write_bytes(b"noise")
    with pytest.raises(SignatureError, match=name):
        trust_folder.load(tmp_path)


@pytest.mark.parametrize(
    ("digits", "found"),
    [
        ("", "first 6 digits or more, found 0$"),
        ("abc", "first 6 digits or more, found 3$"),
        ("0000000", "expected the first digits of one fingerprint, found those of none$"),
    ],
)
def test_only_one_certain_thing_is_taken_back(tmp_path: Path, digits: str, found: str) -> None:
    kept = trust_folder.add(tmp_path, PEM, Purpose.STORE, "root.crt")
    with pytest.raises(SignatureError, match=found):
        trust_folder.remove(tmp_path, digits)
    assert trust_folder.items(tmp_path) == [kept]


def test_no_file_bears_the_name_of_another(tmp_path: Path) -> None:
    item = trust_folder.add(tmp_path, PEM, Purpose.DEVELOPER, "root.crt")
    held = tmp_path / "trust" / f"developer-{item.fingerprint}.pem"
    held.rename(held.with_name("developer-00.pem"))
    with pytest.raises(SignatureError, match="expected the name that its content has"):
        trust_folder.load(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    os.mkfifo(tmp_path / "trust" / "developer-00.pem")
    with pytest.raises(SignatureError, match="expected a regular file"):
        trust_folder.load(tmp_path)


def _with(old: bytes, new: bytes) -> bytes:
    der = ROOT.chain[0].public_bytes(serialization.Encoding.DER)
    assert old in der
    body = base64.encodebytes(der.replace(old, new, 1))
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x42"),  # the version
        (b"\x0c\x0cExample root", b"\x0c\x0cExample \xff\xff\xff\xff"),  # text that is no UTF-8
        (b"\x06\x03\x55\x04\x03", b"\x04\x03\x55\x04\x03"),  # no object identifier
    ],
)
def test_a_certificate_that_cannot_be_read_leaves_nothing_behind(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    with pytest.raises(SignatureError, match=r"^given: expected a certificate in PEM, found"):
        trust_folder.add(tmp_path, _with(old, new), Purpose.DEVELOPER, "given")
    assert trust_folder.items(tmp_path) == []
