"""Signed apps: what is trusted here, what runs in developer mode only, what runs nowhere."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.extensions import signature, signed_app, trust_folder
from runtime.extensions.signature import Signature
from runtime.extensions.staging import stage
from runtime.model.errors import BundleError, InspectorError
from runtime.model.sx_code import SxCode
from runtime.signing import identity, notary
from runtime.signing.identity import Identity
from runtime.signing.notary import Ticket
from runtime.signing.purpose import Purpose
from tests.unit.extensions.conftest import BUNDLE_ID, AppFolder

NAME = f"{BUNDLE_ID}.dext"
NOW = datetime.datetime.now(datetime.UTC)
ROOT = identity.make_authority("Example root")
ADA = identity.issue(ROOT, Purpose.DEVELOPER, "Ada", "ABCDE12345")
NOTARY = identity.issue(ROOT, Purpose.NOTARY, "Example notary")
Undo = Callable[[], object]
PEM = identity.certificate_pem(ROOT)


def sign(app: AppFolder, by: Identity = ADA) -> None:
    for path, data in signed_app.sign(signed_app.read(app.path), by, None).items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


def staple(app: AppFolder, by: Identity = NOTARY, purpose: Purpose = Purpose.NOTARY) -> None:
    whole, _ = signed_app.verify(signed_app.read(app.path))
    ticket = Ticket("1", whole.digest, whole.seal.identifier, whole.team_id, 0)
    for path, data in notary.make_ticket(ticket, by, purpose).items():
        (app.path / "Contents" / path).write_bytes(data)


def judge(app: AppFolder, state: Path) -> Signature:
    now = datetime.datetime.now(datetime.UTC)  # some certificates are made while testing
    return signature.inspect(signed_app.read(app.path), NAME, trust_folder.load(state), now)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that trusts the example root for developers and notaries."""
    for purpose in (Purpose.DEVELOPER, Purpose.NOTARY):
        trust_folder.add(tmp_path / "state", PEM, purpose, "root.crt")
    return tmp_path / "state"


def test_signed_notarized_and_trusted(app: AppFolder, state: Path) -> None:
    sign(app)
    staple(app)
    assert judge(app, state) == Signature(
        "signed by Ada (ABCDE12345), notarized", "ABCDE12345", True
    )
    manifest = stage(app.path, "", state, None).manifest
    assert (manifest.trusted, manifest.team_id) == (True, "ABCDE12345")


def test_a_store_needs_no_ticket(app: AppFolder, state: Path) -> None:
    sign(app)
    store = identity.issue(ROOT, Purpose.STORE, "Example store")
    staple(app, store, Purpose.STORE)
    assert "authority that is trusted for store" in judge(app, state).reason
    trust_folder.add(state, PEM, Purpose.STORE, "root.crt")
    assert judge(app, state).words == "signed by Ada (ABCDE12345), from the store"


def test_what_is_not_signed_is_not_trusted(app: AppFolder, state: Path) -> None:
    assert judge(app, state) == Signature("not signed")


def test_what_is_signed_without_a_ticket_is_not_trusted(app: AppFolder, state: Path) -> None:
    sign(app)
    found = judge(app, state)
    assert (found.trusted, found.words) == (False, "signed by Ada (ABCDE12345), not trusted")
    assert "expected a notary's ticket or a store's seal, found neither" in found.reason


def test_a_test_identity_is_never_trusted(app: AppFolder, state: Path) -> None:
    sign(app, identity.make_test())
    staple(app)
    assert not judge(app, state).trusted


def test_a_ticket_of_an_earlier_signature_is_none(app: AppFolder, state: Path) -> None:
    sign(app)
    staple(app)
    app.source += "# new\n"
    app.write()
    sign(app)
    assert "expected a ticket for this app" in judge(app, state).reason


def test_a_revoked_signer_is_not_trusted_any_more(app: AppFolder, state: Path) -> None:
    sign(app)
    staple(app)
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(ADA.chain[0].serial_number)
        .revocation_date(NOW)
        .build()
    )
    revocations = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ROOT.chain[0].subject)
        .last_update(NOW)
        .next_update(NOW + datetime.timedelta(days=1))
        .add_revoked_certificate(revoked)
    )
    forged = revocations.sign(identity.make_authority("Example root").key, hashes.SHA256())
    trust_folder.add(state, pem(forged), Purpose.DEVELOPER, "forged.crl")
    assert judge(app, state).trusted
    trust_folder.add(
        state, pem(revocations.sign(ROOT.key, hashes.SHA256())), Purpose.DEVELOPER, "c"
    )
    assert "found Ada, revoked on" in judge(app, state).reason


def pem(revocations: x509.CertificateRevocationList) -> bytes:
    return revocations.public_bytes(serialization.Encoding.PEM)


def test_trust_that_is_taken_back_is_gone(app: AppFolder, state: Path) -> None:
    sign(app)
    staple(app)
    (first, *_) = trust_folder.items(state)
    assert len(trust_folder.remove(state, first.fingerprint[:8])) == 2
    assert trust_folder.items(state) == []
    assert not judge(app, state).trusted


@pytest.mark.parametrize("redistributable", [False, True])
def test_another_team_inside_needs_the_entitlement(
    app: AppFolder, state: Path, redistributable: bool
) -> None:
    if redistributable:
        app.entitlements[signature.REDISTRIBUTABLE] = True
        app.write()
    sign(app, identity.issue(ROOT, Purpose.DEVELOPER, "Bob", "OTHER00000"))
    inner = {
        path: path.read_bytes()
        for path in signed_app.signature_files(signed_app.read(app.path))
        if NAME in str(path)
    }
    sign(app)
    for path, data in inner.items():
        path.write_bytes(data)
    staple(app)
    if redistributable:
        assert judge(app, state).trusted
        return
    with pytest.raises(BundleError, match="team: expected ABCDE12345, as the app's") as refusal:
        judge(app, state)
    assert refusal.value.sx_code == SxCode.CODE_SIGNATURE_INVALID


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_mutation_of_a_signed_app_is_refused(
    data: st.DataObject, app: AppFolder, state: Path
) -> None:
    app.write()
    sign(app)
    staple(app)
    before = judge(app, state)
    assert before.trusted
    undo = data.draw(st.sampled_from([change_byte, remove, add, rename, link]))(data, app.path)
    try:
        after = judge(app, state)
    except InspectorError as error:
        assert "\n" not in str(error)  # noqa: PT017 - a mutation may also leave it untrusted
    else:
        assert not after.trusted
    undo()
    assert judge(app, state) == before


def files_of(app: Path) -> list[Path]:
    return sorted(path for path in app.rglob("*") if path.is_file())


def change_byte(data: st.DataObject, app: Path) -> Undo:
    path = data.draw(st.sampled_from(files_of(app)))
    old = path.read_bytes()
    new = bytearray(old)
    new[data.draw(st.integers(0, len(old) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(new)
    return lambda: path.write_bytes(old)


def remove(data: st.DataObject, app: Path) -> Undo:
    path = data.draw(st.sampled_from(files_of(app)))
    old = path.read_bytes()
    path.unlink()
    return lambda: path.write_bytes(old)


def add(data: st.DataObject, app: Path) -> Undo:
    folder = data.draw(st.sampled_from(sorted({path.parent for path in files_of(app)} | {app})))
    path = folder / data.draw(st.sampled_from(["new.py", "Info.PLIST", "usercustomize.py"]))
    path.write_bytes(b"")
    return path.unlink


def rename(data: st.DataObject, app: Path) -> Undo:
    path = data.draw(st.sampled_from(files_of(app)))
    other = path.with_name(data.draw(st.sampled_from([path.name.swapcase(), "renamed.py"])))
    path.rename(other)
    return lambda: other.rename(path)


def link(data: st.DataObject, app: Path) -> Undo:
    path = data.draw(st.sampled_from(files_of(app)))
    elsewhere = app.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    def undo() -> None:
        path.unlink()
        elsewhere.rename(path)

    return undo
