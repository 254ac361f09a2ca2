"""Envelopes of signed data: opened whole, or refused in one sentence, whatever the bytes."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.model.errors import SignatureError
from runtime.signing import cms
from runtime.signing.identity import Identity, issue, make_authority
from runtime.signing.purpose import Purpose

ROOT = make_authority("Example root")
ADA = issue(ROOT, Purpose.PROFILE, "Ada")
CONTENT = b"<?xml version='1.0'?><plist/>"
_DER = serialization.Encoding.DER
_BINARY = pkcs7.PKCS7Options.Binary


def envelope(
    content: bytes = CONTENT,
    identity: Identity = ADA,
    options: tuple[pkcs7.PKCS7Options, ...] = (_BINARY,),
    digest: pkcs7.PKCS7HashTypes | None = None,
) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(identity.chain[0], identity.key, digest or hashes.SHA256())
    return builder.add_certificate(ROOT.chain[0]).sign(_DER, options)


SIGNED = envelope()


@pytest.mark.parametrize("options", [(_BINARY,), (_BINARY, pkcs7.PKCS7Options.NoAttributes)])
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_what_was_signed_comes_out_with_its_signer(
    options: tuple[pkcs7.PKCS7Options, ...], digest: pkcs7.PKCS7HashTypes
) -> None:
    opened = cms.read(envelope(options=options, digest=digest), "p")
    assert opened.content == CONTENT
    assert opened.chain[0] == ADA.chain[0]
    assert ROOT.chain[0] in opened.chain


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "another"),
        (b"\x30\x82\x01", "another"),
        (envelope(options=(_BINARY, pkcs7.PKCS7Options.DetachedSignature)), "no content"),
        (envelope(options=(_BINARY, pkcs7.PKCS7Options.NoCerts)), "0 of them"),
        (SIGNED + b"\0", "another"),
        (SIGNED.replace(b"<plist/>", b"<plisT/>"), "found another"),
    ],
    ids=["nothing", "cut", "detached", "no-certificates", "more", "other-content"],
)
def test_another_thing_is_refused(data: bytes, found: str) -> None:
    with pytest.raises(SignatureError, match=rf"^p: expected .*{found}$"):
        cms.read(data, "p")


def test_a_signature_by_another_key_does_not_hold() -> None:
    stranger = issue(ROOT, Purpose.PROFILE, "Ada")
    forged = envelope(identity=Identity(stranger.key, ADA.chain))
    with pytest.raises(SignatureError, match="expected a signature by its signer's certificate"):
        cms.read(forged, "p")


@settings(max_examples=150)
@given(place=st.integers(0, len(SIGNED) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_no_change_raises_anything_else_or_changes_the_content(
    place: int, byte: int, *, cut: bool
) -> None:
    data = SIGNED[:place] + bytes([byte]) + (b"" if cut else SIGNED[place + 1 :])
    try:
        opened = cms.read(data, "p")
    except SignatureError as error:
        said = str(error)
    else:
        said = "p: " if opened.content == CONTENT else ""
    assert said.startswith("p: ")
