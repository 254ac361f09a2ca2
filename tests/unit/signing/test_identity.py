"""Identities: made, kept, loaded, refused."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from runtime.model.errors import SignatureError
from runtime.signing import identity
from runtime.signing.purpose import Purpose


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_the_test_identity_makes_itself_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "identities"
    first = identity.load("test", folder)
    assert identity.load("test", folder).chain == first.chain
    assert stat.S_IMODE((folder / "test.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_issued_identity_leaves_its_authority_out(tmp_path: Path) -> None:
    authority = identity.make_authority("Root")
    made = identity.issue(authority, Purpose.DEVELOPER, "Ada", "ABCDE12345")
    identity.save(made, tmp_path / "ada.pem")
    loaded = identity.load(str(tmp_path / "ada.pem"), tmp_path)
    assert loaded.chain == made.chain
    assert authority.chain[0] not in loaded.chain


@pytest.mark.parametrize("name", ["", "..", "a b", ".hidden", "x" * 80])
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="expected a name of letters"):
        identity.load(name, tmp_path)


def test_files_that_are_no_identity_are_refused_in_one_sentence(tmp_path: Path) -> None:
    made = identity.make_test()
    certificate = made.chain[0].public_bytes(serialization.Encoding.PEM)
    other = ec.generate_private_key(ec.SECP256R1())
    wrong = {
        "missing": (None, "found no such file"),
        "noise": (b"noise", "private key and its certificates in PEM"),
        "keyless": (certificate, "private key and its certificates in PEM"),
        "bare": (pem(other), "private key and its certificates in PEM"),
        "mixed": (pem(other) + certificate, "the key's own certificate first"),
        "curve": (pem(ed25519.Ed25519PrivateKey.generate()) + certificate, "P-256 or P-384"),
    }
    for name, (data, words) in wrong.items():
        path = tmp_path / f"{name}.pem"
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(SignatureError, match=words) as caught:
            identity.load(name, tmp_path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["x" * 65, "\N{SNOWMAN}" * 22, "\udcff", "two\nlines", "\x1b[31m"])
def test_a_name_in_a_certificate_is_printable_and_of_64_bytes(text: str) -> None:
    with pytest.raises(SignatureError, match="expected 1 to 64 printable bytes"):
        identity.make_authority(text)
    with pytest.raises(SignatureError, match="expected 1 to 64 printable bytes"):
        identity.issue(identity.make_authority("Root"), Purpose.DEVELOPER, "Ada", text)
