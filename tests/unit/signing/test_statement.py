"""Signed statements: kinds, keys, spellings."""

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from runtime.model.errors import SignatureError
from runtime.signing import identity, statement
from runtime.signing.statement import Kind

IDENTITY = identity.make_test()
DATA = IDENTITY.sign(Kind.CODE, b"payload")


def test_what_was_signed_is_read() -> None:
    opened = statement.read(DATA, Kind.CODE, "S")
    assert (opened.payload, opened.chain) == (b"payload", IDENTITY.chain)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CODE])
def test_a_statement_of_one_kind_is_none_of_another(kind: Kind) -> None:
    with pytest.raises(SignatureError, match=f"S: expected a statement of kind {kind}, found code"):
        statement.read(DATA, kind, "S")
    relabelled = DATA.replace(b'"kind": "code"', f'"kind": "{kind}"'.encode())
    assert relabelled != DATA
    with pytest.raises(SignatureError, match="found one that does not hold"):
        statement.read(relabelled, kind, "S")


def test_another_spelling_is_refused() -> None:
    with pytest.raises(SignatureError, match="another spelling"):
        statement.read(msgspec.json.format(DATA, indent=4), Kind.CODE, "S")


def test_a_chain_of_another_is_refused() -> None:
    decoded = msgspec.json.decode(DATA, type=statement.Statement)
    more = (*decoded.chain, identity.make_authority("Another").chain[0].public_bytes(statement.DER))
    changed = msgspec.structs.replace(decoded, chain=more)
    with pytest.raises(SignatureError, match="found one that does not hold"):
        statement.read(msgspec.json.format(msgspec.json.encode(changed), indent=1), Kind.CODE, "S")


def test_a_weak_key_signs_nothing_that_holds() -> None:
    key = rsa.generate_private_key(65537, 1024)
    name = IDENTITY.chain[0].subject
    weak = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(IDENTITY.chain[0].not_valid_before_utc)
        .not_valid_after(IDENTITY.chain[0].not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(SignatureError, match="found one that does not hold"):
        statement.read(statement.make(Kind.CODE, b"", key, (weak,)), Kind.CODE, "S")


@given(noise=st.binary(max_size=300))
def test_noise_is_refused_in_one_sentence(noise: bytes) -> None:
    with pytest.raises(SignatureError, match=r"^S: expected .*, found .+") as caught:
        statement.read(noise, Kind.CODE, "S")
    assert "\n" not in str(caught.value)
