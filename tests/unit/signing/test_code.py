"""Code signatures: what is whole, what is not, and who is trusted when."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.model.errors import SignatureError
from runtime.signing import code, identity, seal
from runtime.signing.purpose import Purpose
from runtime.signing.trust import Anchor, Trust

NOW = datetime.datetime.now(datetime.UTC)
FILES = {
    "Info.plist": b"<plist/>",
    "Entitlements.plist": b"<plist><true/></plist>",
    "Driver.py": b"class Driver: pass\n",
    "Resources/python/hid.py": b"",
}
AUTHORITY = identity.make_authority("Example authority")
DEVELOPER = identity.issue(AUTHORITY, Purpose.DEVELOPER, "Ada", "ABCDE12345")
CLOCK = identity.issue(AUTHORITY, Purpose.TIMESTAMP, "Clock")
TRUST = Trust(
    tuple(Anchor(purpose, AUTHORITY.chain[0]) for purpose in (Purpose.DEVELOPER, Purpose.TIMESTAMP))
)


def signed(files: dict[str, bytes] = FILES, by: identity.Identity = DEVELOPER) -> dict[str, bytes]:
    sealed = seal.make(files, "com.example.driver", "Info.plist", "Entitlements.plist")
    return {**files, **code.sign(sealed, by)}


SIGNED = signed()


def test_a_signed_bundle_is_whole_and_its_signer_is_trusted() -> None:
    files = signed()
    whole = code.verify(files, "D.dext")
    code.judge_signer(whole, files, TRUST, NOW, "D.dext")
    assert (whole.team_id, whole.signer) == ("ABCDE12345", "Ada")
    assert whole.seal.info == seal.digest(FILES["Info.plist"])
    assert whole.seal.entitlements == seal.digest(FILES["Entitlements.plist"])


def test_equal_files_give_equal_seals() -> None:
    backwards = dict(reversed(FILES.items()))
    assert seal.make(FILES, "a.b", "Info.plist", "") == seal.make(
        backwards, "a.b", "Info.plist", ""
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(path for path in SIGNED if SIGNED[path])))
    changed = bytearray(SIGNED[path])
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    files = {**SIGNED, path: bytes(changed)}
    with pytest.raises(SignatureError):
        code.verify(files, "D.dext")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({**SIGNED, "Added.py": b""}, "D.dext/Added.py: expected nothing, as it was sealed"),
        (
            {path: data for path, data in SIGNED.items() if path != "Driver.py"},
            "D.dext/Driver.py: expected the file that was sealed, found no such file",
        ),
        ({**SIGNED, "Driver.py": b"pass"}, "D.dext/Driver.py: expected the content"),
        ({**SIGNED, "driver.PY": b"pass"}, "expected names that differ by more than case"),
        (FILES, "D.dext/_CodeSignature/CodeSignature: expected a code signature"),
    ],
)
def test_the_first_broken_thing_is_named(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(SignatureError, match=words.replace(".", r"\.")):
        code.verify(files, "D.dext")


def test_a_renamed_file_is_refused() -> None:
    files = {("Other.py" if path == "Driver.py" else path): SIGNED[path] for path in SIGNED}
    with pytest.raises(SignatureError, match=r"Driver\.py: expected the file that was sealed"):
        code.verify(files, "D.dext")


def test_another_signature_over_the_same_files_is_whole_but_not_trusted() -> None:
    files = signed(by=identity.make_test())
    whole = code.verify(files, "D.dext")
    with pytest.raises(SignatureError, match="an authority trusted for developer"):
        code.judge_signer(whole, files, TRUST, NOW, "D.dext")


def test_a_certificate_of_another_purpose_signs_no_code() -> None:
    files = signed(by=CLOCK)
    with pytest.raises(SignatureError, match="expected a certificate for the purpose developer"):
        code.judge_signer(code.verify(files, "D.dext"), files, TRUST, NOW, "D.dext")


def test_an_anchor_vouches_for_its_purpose_alone() -> None:
    only_clock = Trust((Anchor(Purpose.TIMESTAMP, AUTHORITY.chain[0]),))
    with pytest.raises(SignatureError, match="trusted for developer, found none"):
        code.judge_signer(code.verify(SIGNED, "D.dext"), SIGNED, only_clock, NOW, "D.dext")


def test_an_expired_signer_is_refused_unless_a_time_stamp_says_it_signed_before() -> None:
    later = NOW + datetime.timedelta(days=400)
    sealed = seal.make(FILES, "com.example.driver", "Info.plist", "Entitlements.plist")
    stamped = {**FILES, **code.sign(sealed, DEVELOPER, CLOCK)}
    code.judge_signer(code.verify(stamped, "D.dext"), stamped, TRUST, later, "D.dext")
    with pytest.raises(SignatureError, match="expected a signer"):
        code.judge_signer(code.verify(SIGNED, "D.dext"), SIGNED, TRUST, later, "D.dext")


def test_a_time_stamp_of_another_signature_is_refused() -> None:
    sealed = seal.make(FILES, "com.example.driver", "Info.plist", "Entitlements.plist")
    stamp = code.sign(sealed, DEVELOPER, CLOCK)[code.TIMESTAMP]
    files = {**signed(), code.TIMESTAMP: stamp}  # ECDSA: every signature is another one
    with pytest.raises(SignatureError, match="expected a time stamp of this signature"):
        code.judge_signer(code.verify(files, "D.dext"), files, TRUST, NOW, "D.dext")
