"""Revocation lists: each holds what the one before it held; only the issuer can take back."""

import datetime

import pytest

from runtime.model.errors import SignatureError
from runtime.signing import revocations, trust
from runtime.signing.identity import issue, make_authority
from runtime.signing.purpose import Purpose
from runtime.signing.trust import Anchor, Trust

ROOT = make_authority("Root")
ADA, BOB, CAY = (issue(ROOT, Purpose.DEVELOPER, name) for name in ("Ada", "Bob", "Cay"))


def test_what_was_taken_back_stays_so_and_counts() -> None:
    listed = revocations.revoke(ROOT, ADA.chain[0], None, "ada")
    listed = revocations.revoke(ROOT, BOB.chain[0], listed, "bob")
    listed = revocations.revoke(ROOT, BOB.chain[0], listed, "bob")
    assert len(listed) == 2
    known = Trust((Anchor(Purpose.DEVELOPER, ROOT.chain[0]),), (listed,))
    now = datetime.datetime.now(datetime.UTC)
    for one in (ADA, BOB):
        with pytest.raises(SignatureError, match="revoked on"):
            trust.judge(known, Purpose.DEVELOPER, one.chain, now, "app")
    trust.judge(known, Purpose.DEVELOPER, CAY.chain, now, "app")


def test_nobody_takes_back_what_another_issued() -> None:
    stranger = make_authority("Root")
    with pytest.raises(SignatureError, match="expected a certificate that Root issued, found Ada"):
        revocations.revoke(stranger, ADA.chain[0], None, "ada")
