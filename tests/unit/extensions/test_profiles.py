"""Profiles in force: what waits is completed or refused, what runs is disabled or removed."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.extensions import signed_profile, trust_folder
from runtime.extensions.profile import read_profile
from runtime.extensions.staging import Staged
from runtime.model.errors import ProblemError
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.policy import Profile
from runtime.model.records import Request, RequestState
from runtime.signing import identity
from runtime.signing.purpose import Purpose
from tests.unit.extensions.conftest import BUNDLE_ID, Bench
from tests.unit.extensions.test_profile import profile
from tests.unit.signing.test_cms import ROOT, envelope

TEAM = "TEAM123456"
ALLOWING = {"AllowedSystemExtensions": {TEAM: [BUNDLE_ID]}}
FORBIDDING = {"AllowUserOverrides": False}


@pytest.fixture
def signed(staged: Staged) -> Staged:
    manifest = msgspec.structs.replace(staged.manifest, team_id=TEAM, trusted=True)
    return msgspec.structs.replace(staged, manifest=manifest)


def add(bench: Bench, said: dict[str, Any], identifier: str = "p") -> Profile:
    data = profile(said, PayloadIdentifier=identifier, PayloadDisplayName=identifier.upper())
    return bench.extensions.profiles.add(read_profile(data, f"{identifier}.mobileconfig"), "root")


def state(bench: Bench) -> list[ExtensionState]:
    return [extension.state for extension in bench.extensions.extensions()]


def newest(bench: Bench) -> Request:
    return bench.extensions.requests()[-1]


def test_what_a_profile_allows_needs_nobody_and_says_who_decided(
    bench: Bench, signed: Staged
) -> None:
    add(bench, ALLOWING)
    request = bench.ask(signed)
    assert request.state is RequestState.COMPLETED
    assert request.decided_by == "profile P (p.mobileconfig): AllowedSystemExtensions"
    (extension,) = bench.extensions.extensions()
    assert extension.ruling is not None
    assert (extension.ruling.key, extension.ruling.allowed) == ("AllowedSystemExtensions", True)
    assert request.ruling == extension.ruling
    bench.restart()
    assert bench.ask(signed).id == request.id, "asked again it is still completed"
    assert [item.extension.id for item in bench.extensions.active()] == [extension.id]


def test_installing_completes_what_waits_and_removing_deactivates_it(
    bench: Bench, signed: Staged
) -> None:
    waiting = bench.ask(signed)
    assert waiting.state is RequestState.WAITING
    add(bench, ALLOWING)
    assert newest(bench).state is RequestState.COMPLETED
    assert state(bench) == [ExtensionState.ACTIVE]
    bench.restart()
    bench.extensions.profiles.remove("p", "root")
    assert state(bench) == []
    assert bench.extensions.profiles.all() == []


def test_what_somebody_approved_outlives_the_profile(bench: Bench, signed: Staged) -> None:
    bench.answer(bench.ask(signed))
    add(bench, ALLOWING)
    bench.extensions.profiles.remove("p", "root")
    assert state(bench) == [ExtensionState.ACTIVE]


def test_what_a_profile_forbids_is_refused_with_its_key(bench: Bench, signed: Staged) -> None:
    add(bench, FORBIDDING)
    request = bench.ask(signed)
    assert (request.state, request.error) == (RequestState.FAILED, 10)
    assert request.reason == "forbidden by profile P (p.mobileconfig): AllowUserOverrides"
    assert state(bench) == []
    bench.extensions.profiles.remove("p", "root")
    assert bench.ask(signed).state is RequestState.WAITING


def test_a_forbidding_profile_ends_what_waits_and_disables_what_runs(
    bench: Bench, signed: Staged
) -> None:
    bench.answer(bench.ask(signed))
    add(bench, FORBIDDING)
    (extension,) = bench.extensions.extensions()
    assert extension.state is ExtensionState.DISABLED
    assert extension.note == "forbidden by profile P (p.mobileconfig): AllowUserOverrides"
    assert bench.extensions.active() == []
    bench.extensions.set_developer(on=True, by="root")
    assert state(bench) == [ExtensionState.DISABLED], "developer mode lifts no policy"
    bench.restart()
    bench.extensions.profiles.remove("p", "root")
    assert state(bench) == [ExtensionState.ACTIVE]
    assert bench.extensions.extensions()[0].note == ""


def test_developer_mode_brings_back_what_a_profile_disabled_only_where_it_may(
    bench: Bench, staged: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="root")
    bench.answer(bench.ask(staged))
    add(bench, FORBIDDING)
    bench.extensions.set_developer(on=False, by="root")
    bench.extensions.profiles.remove("p", "root")
    assert state(bench) == [ExtensionState.DISABLED], "it is unsigned, and the mode is off"
    bench.extensions.set_developer(on=True, by="root")
    assert state(bench) == [ExtensionState.ACTIVE]


def test_a_profile_takes_the_place_of_one_with_its_identifier(bench: Bench, signed: Staged) -> None:
    add(bench, ALLOWING)
    bench.ask(signed)
    add(bench, FORBIDDING)
    assert len(bench.extensions.profiles.all()) == 1
    assert state(bench) == [ExtensionState.DISABLED]
    add(bench, {})
    assert state(bench) == [], "nobody ever approved it, and no profile allows it any more"


def test_what_must_not_be_removed_is_kept(bench: Bench, signed: Staged) -> None:
    add(bench, ALLOWING | {"NonRemovableSystemExtensions": {TEAM: [BUNDLE_ID]}})
    bench.ask(signed)
    with pytest.raises(ProblemError, match="kept by profile P") as refusal:
        bench.extensions.removals.remove(signed.manifest.bundle_id, "root")
    assert refusal.value.code == "sx-10"
    assert state(bench) == [ExtensionState.ACTIVE]


def test_only_who_asked_may_remove_what_may_be_removed(bench: Bench, signed: Staged) -> None:
    bench.answer(bench.ask(signed, uid=1000))
    bundle_id = signed.manifest.bundle_id
    assert not bench.extensions.removals.removable_by(bundle_id, 1000)
    add(bench, {"RemovableSystemExtensions": {TEAM: [BUNDLE_ID]}})
    assert bench.extensions.removals.removable_by(bundle_id, 1000)
    assert not bench.extensions.removals.removable_by(bundle_id, 1001)


def test_a_profile_that_is_not_there_cannot_be_removed(bench: Bench) -> None:
    with pytest.raises(ProblemError, match="profile q: expected one of that identifier"):
        bench.extensions.profiles.remove("q", "root")


def test_a_removal_that_a_profile_permits_is_carried_out_at_once(
    bench: Bench, signed: Staged
) -> None:
    bench.answer(bench.ask(signed))
    add(bench, {"RemovableSystemExtensions": {TEAM: [BUNDLE_ID]}})
    removal = bench.ask_removal()
    assert removal.state is RequestState.COMPLETED
    assert removal.decided_by == "profile P (p.mobileconfig): RemovableSystemExtensions"
    assert bench.extensions.extensions() == []


def test_where_a_profile_decides_nobody_undoes_or_revokes(bench: Bench, signed: Staged) -> None:
    add(bench, ALLOWING)
    request = bench.ask(signed)
    for take_back in (
        lambda: bench.extensions.retractions.undo(request.id, "admin"),
        lambda: bench.extensions.retractions.revoke(request.bundle_id, "", "admin"),
    ):
        with pytest.raises(ProblemError, match="decided on by profile P") as refusal:
            take_back()
        assert refusal.value.code == "sx-10"
    assert state(bench) == [ExtensionState.ACTIVE]


def test_what_must_not_be_removed_is_not_revoked_either(bench: Bench, signed: Staged) -> None:
    bench.answer(bench.ask(signed))
    add(bench, {"NonRemovableSystemExtensions": {TEAM: [BUNDLE_ID]}})
    with pytest.raises(ProblemError, match="kept by profile P"):
        bench.extensions.retractions.revoke(signed.manifest.bundle_id, "", "admin")
    with pytest.raises(ProblemError, match="kept by profile P"):
        bench.ask_removal()
    assert state(bench) == [ExtensionState.ACTIVE]


def test_a_signed_profile_says_by_whom(tmp_path: Path) -> None:
    data = envelope(profile(ALLOWING))
    assert signed_profile.read(data, "p", tmp_path).signed_by == "Ada, not trusted"
    anchor = identity.certificate_pem(ROOT)
    trust_folder.add(tmp_path, anchor, Purpose.DEVELOPER, "root.crt")
    assert signed_profile.read(data, "p", tmp_path).signed_by == "Ada, not trusted"
    trust_folder.add(tmp_path, anchor, Purpose.PROFILE, "root.crt")
    read = signed_profile.read(data, "p", tmp_path)
    assert (read.signed_by, read.extensions) == ("Ada", {TEAM: (BUNDLE_ID,)})
    assert signed_profile.read(profile(ALLOWING), "p", tmp_path).signed_by == ""
