"""Trust judged again: what is staged is worth what the machine's trust makes of it now."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from runtime.extensions import evidence, trust_folder
from runtime.extensions.staging import EVIDENCE, FOLDER, Staged, collect_garbage, stage
from runtime.extensions.verdicts import Verdict
from runtime.model.errors import SignatureError
from runtime.model.events import Noted
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import RequestState
from runtime.signing import identity, revoked
from runtime.signing.purpose import Purpose
from tests.unit.extensions.conftest import AppFolder, Bench
from tests.unit.extensions.test_signature import ADA, NOTARY, PEM, ROOT, sign, staple

NOW = datetime.datetime.now(datetime.UTC)
LATER = NOW + datetime.timedelta(days=3000)


@pytest.fixture
def state(bench: Bench) -> Path:
    """The bench's state folder, which trusts the example root for developers and notaries."""
    for purpose in (Purpose.DEVELOPER, Purpose.NOTARY):
        trust_folder.add(bench.state_dir, PEM, purpose, "root.crt")
    return bench.state_dir


@pytest.fixture
def signed(app: AppFolder, state: Path) -> Staged:
    """Signed by Ada, with the notary's ticket number 1."""
    sign(app)
    staple(app)
    staged = stage(app.path, "", state, None)
    assert staged.manifest.trusted
    return staged


def verdict(state: Path, staged: Staged, now: datetime.datetime = NOW) -> Verdict:
    return evidence.judge(state, staged.content_hash, trust_folder.load(state), now)


def judge(bench: Bench, now: datetime.datetime = NOW) -> None:
    """What the runtime does when trust may have changed."""
    known = trust_folder.load(bench.state_dir)
    hashes_ = bench.extensions.verdicts.judgeable()
    bench.extensions.verdicts.apply(
        evidence.judge(bench.state_dir, one, known, now) for one in hashes_
    )


def revoke_ada(state: Path) -> None:
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ROOT.chain[0].subject)
        .last_update(NOW)
        .next_update(LATER)
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(ADA.chain[0].serial_number)
            .revocation_date(NOW)
            .build()
        )
        .sign(ROOT.key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    trust_folder.add(state, pem, Purpose.DEVELOPER, "list.crl")


def revoke_ticket(state: Path) -> None:
    trust_folder.add(state, revoked.make(["1"], NOTARY, NOW), Purpose.NOTARY, "list")


def remove_anchor(state: Path) -> None:
    (item,) = {item.fingerprint for item in trust_folder.items(state)}
    trust_folder.remove(state, item)


def test_the_same_trust_comes_to_the_same_verdict(state: Path, signed: Staged) -> None:
    assert verdict(state, signed) == Verdict(
        signed.content_hash, signed.manifest.signature, "ABCDE12345", True, ""
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (revoke_ada, "expected a certificate that holds, found Ada, revoked on"),
        (revoke_ticket, "expected a ticket that holds, found 1, which was revoked"),
        (remove_anchor, "developer"),
    ],
)
def test_what_lost_its_trust_is_stopped_says_why_and_comes_back(
    bench: Bench, state: Path, signed: Staged, change: Callable[[Path], None], why: str
) -> None:
    bench.answer(bench.ask(signed))
    assert len(bench.extensions.active()) == 1
    change(state)
    judge(bench)
    assert bench.extensions.active() == []
    (extension,) = bench.extensions.extensions()
    assert extension.state is ExtensionState.DISABLED
    assert why in extension.note
    assert extension.signature == "signed by Ada (ABCDE12345), not trusted"
    assert [type(one) for one in bench.said][-1] is Noted
    bench.restart()
    for path in [*(state / "trust").glob("*.crl"), *(state / "trust").glob("*.tickets")]:
        path.unlink()
    for purpose in (Purpose.DEVELOPER, Purpose.NOTARY):
        trust_folder.add(state, PEM, purpose, "root.crt")
    judge(bench)
    (extension,) = bench.extensions.extensions()
    assert (extension.state, extension.note) == (ExtensionState.ACTIVE, "")


def test_an_expired_certificate_is_noticed(bench: Bench, signed: Staged) -> None:
    bench.answer(bench.ask(signed))
    judge(bench, LATER + datetime.timedelta(days=3000))
    assert bench.extensions.active() == []


def test_developer_mode_lets_it_run_and_its_end_stops_it(
    bench: Bench, state: Path, signed: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(signed))
    remove_anchor(state)
    judge(bench)
    assert len(bench.extensions.active()) == 1
    bench.extensions.set_developer(on=False, by="admin")
    assert bench.extensions.active() == []


def test_a_waiting_request_shows_the_new_verdict_and_has_to_be_read_again(
    bench: Bench, state: Path, signed: Staged
) -> None:
    before = bench.ask(signed)
    revoke_ticket(state)
    judge(bench)
    (after,) = bench.extensions.requests()
    assert after.nonce != before.nonce
    assert (before.needs_developer, after.needs_developer) == (False, True)
    assert after.state is RequestState.WAITING


def test_an_unchanged_verdict_changes_nothing(bench: Bench, signed: Staged) -> None:
    bench.ask(signed)
    heard = len(bench.changed)
    judge(bench)
    assert len(bench.changed) == heard


def test_an_app_without_its_ticket_takes_nothing_from_what_was_trusted(
    bench: Bench, app: AppFolder, state: Path, signed: Staged
) -> None:
    bench.answer(bench.ask(signed))
    (app.path / "Contents/_CodeSignature/Ticket").unlink()
    again = stage(app.path, "", state, None)
    assert again.content_hash == signed.content_hash
    assert not again.manifest.trusted
    assert bench.ask(again).state is RequestState.COMPLETED
    judge(bench)
    assert len(bench.extensions.active()) == 1


def test_lost_or_foreign_evidence_is_trusted_by_nobody(state: Path, signed: Staged) -> None:
    path = state / FOLDER / f"{signed.content_hash}{EVIDENCE}"
    whole = path.read_bytes()
    for data, why in ((b"noise", "signature of its app"), (whole[:-9], "signature of its app")):
        path.write_bytes(data)
        assert not verdict(state, signed).trusted
        assert why in verdict(state, signed).reason
    path.unlink()
    assert "no such file" in verdict(state, signed).reason


def test_evidence_lives_as_long_as_what_it_is_about(state: Path, signed: Staged) -> None:
    assert collect_garbage(state, [signed.content_hash]) == 0
    assert verdict(state, signed).trusted
    assert collect_garbage(state, []) == 2


def test_only_a_trusted_notarys_list_is_added(state: Path) -> None:
    stranger = identity.issue(identity.make_authority("Other"), Purpose.NOTARY, "Stranger")
    for data, why in (
        (revoked.make(["1"], stranger, NOW), "an authority trusted for notary"),
        (revoked.make(["1"], ADA, NOW), "a certificate for the purpose notary"),
        (revoked.make(["1"], NOTARY, NOW)[:-2], "a signed statement"),
    ):
        with pytest.raises(SignatureError, match=why):
            trust_folder.add(state, data, Purpose.NOTARY, "list")
    item = trust_folder.add(state, revoked.make(["1"], NOTARY, NOW), Purpose.NOTARY, "list")
    assert item.name == "1 tickets of Example notary"
    assert item in trust_folder.items(state)
    assert trust_folder.load(state).revoked_tickets == frozenset({"1"})
    assert trust_folder.remove(state, item.fingerprint[:8]) == [item]
    assert trust_folder.load(state).revoked_tickets == frozenset()
