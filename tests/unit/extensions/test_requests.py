"""Requests: who is asked, once; what is approved runs, and nothing else does."""

from pathlib import Path

import pytest

from runtime.extensions.admission import PENDING_OF_ONE
from runtime.extensions.staging import Staged, stage
from runtime.model.errors import ProblemError
from runtime.model.events import Deactivated, Decided, DeveloperMode, Requested
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, ContentHash
from runtime.model.records import RequestState
from tests.unit.extensions.conftest import AppFolder, Bench


@pytest.fixture
def newer(app: AppFolder, staged: Staged, tmp_path: Path) -> Staged:
    app.info["CFBundleVersion"] = "2"
    app.write()
    return stage(app.path, "", tmp_path / "state", None)


def test_a_request_waits_and_runs_once_it_is_approved(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    request = bench.ask(staged)
    assert request.state is RequestState.WAITING
    assert request.id == f"{request.extension}:1"
    assert bench.extensions.active() == []
    assert bench.answer(request).state is RequestState.COMPLETED
    (active,) = bench.extensions.active()
    assert active.executable == "WidgetDriver"
    assert active.personalities[0].content_hash == staged.content_hash
    assert active.personalities[0].table["idVendor"] == 0x1209
    assert [type(detail) for detail in bench.said] == [DeveloperMode, Requested, Decided]


def test_a_waiting_request_survives_a_restart_and_can_then_be_approved(
    bench: Bench, staged: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    request = bench.ask(staged)
    bench.restart()
    assert bench.extensions.developer
    assert bench.extensions.requests() == [request]
    bench.answer(request)
    bench.restart()
    assert [active.extension.bundle_id for active in bench.extensions.active()] == [
        staged.manifest.bundle_id
    ]


def test_the_same_request_is_counted_not_added(bench: Bench, staged: Staged) -> None:
    first = bench.ask(staged)
    again = bench.ask(staged)
    assert (again.id, again.nonce, again.count) == (first.id, first.nonce, 2)
    assert len(bench.extensions.requests()) == 1


def test_an_approved_extension_is_active_at_once(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    again = bench.ask(staged)
    assert again.state is RequestState.COMPLETED
    assert again.decided_by == "admin"
    assert len(bench.extensions.requests()) == 1


def test_approving_twice_is_harmless_and_another_answer_is_refused(
    bench: Bench, staged: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    request = bench.ask(staged)
    approved = bench.answer(request)
    assert bench.answer(request) == approved
    with pytest.raises(ProblemError, match="found it completed by admin") as refusal:
        bench.answer(request, approve=False)
    assert refusal.value.code == "decided"


@pytest.mark.parametrize("wrong", ["hash", "nonce"])
def test_a_decision_on_something_else_than_was_shown_is_stale(
    bench: Bench, staged: Staged, wrong: str
) -> None:
    request = bench.ask(staged)
    content_hash = ContentHash("0" * 64) if wrong == "hash" else request.content_hash
    nonce = "another" if wrong == "nonce" else request.nonce
    with pytest.raises(ProblemError) as refusal:
        bench.extensions.decide(request.id, content_hash, nonce, approve=False, note="", by="admin")
    assert refusal.value.code == "stale"
    assert bench.extensions.requests() == [request]


def test_unsigned_needs_developer_mode(bench: Bench, staged: Staged) -> None:
    request = bench.ask(staged)
    with pytest.raises(ProblemError, match="as it is not signed") as refusal:
        bench.answer(request)
    assert refusal.value.code == "developer-mode"
    bench.extensions.set_developer(on=True, by="admin")
    assert bench.answer(request).state is RequestState.COMPLETED


def test_developer_mode_off_disables_unsigned_extensions_and_on_enables_them(
    bench: Bench, staged: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    bench.extensions.set_developer(on=False, by="admin")
    assert bench.extensions.active() == []
    assert bench.extensions.extensions()[0].state is ExtensionState.DISABLED
    waiting = bench.ask(staged)
    assert waiting.state is RequestState.WAITING
    bench.restart()
    bench.extensions.set_developer(on=True, by="admin")
    assert bench.extensions.extensions()[0].state is ExtensionState.ACTIVE
    assert bench.extensions.requests()[-1].state is RequestState.COMPLETED


def test_denying_keeps_it_from_running_until_it_asks_again(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    request = bench.ask(staged)
    denied = bench.answer(request, approve=False)
    assert (denied.state, denied.error, denied.reason) == (
        RequestState.DENIED,
        13,
        "denied by admin",
    )
    assert bench.extensions.extensions()[0].state is ExtensionState.DENIED
    again = bench.ask(staged)
    assert again.id != request.id
    assert again.nonce != request.nonce
    assert again.state is RequestState.WAITING


def test_other_content_supersedes_what_waits(bench: Bench, staged: Staged, newer: Staged) -> None:
    first = bench.ask(staged)
    second = bench.ask(newer)
    states = [(request.id, request.state, request.error) for request in bench.extensions.requests()]
    assert states == [
        (first.id, RequestState.SUPERSEDED, 12),
        (second.id, RequestState.WAITING, 0),
    ]
    assert [extension.id for extension in bench.extensions.extensions()] == [second.extension]
    with pytest.raises(ProblemError) as refusal:
        bench.answer(first)
    assert refusal.value.code == "stale"


def test_a_newer_version_replaces_the_active_one(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    request = bench.ask(newer)
    assert request.reason == "replaces 1.0 (1)"
    assert [active.extension.version for active in bench.extensions.active()] == ["1"]
    bench.answer(request)
    assert [active.extension.version for active in bench.extensions.active()] == ["2"]
    assert {one.version: one.state for one in bench.extensions.extensions()} == {
        "1": ExtensionState.GIVING_WAY,
        "2": ExtensionState.UPGRADING,
    }
    bench.restart()
    bench.extensions.upgrades.settle(request.bundle_id)
    removed = [r for r in bench.changed if getattr(r, "state", None) is ExtensionState.REMOVED]
    assert [extension.version for extension in removed] == ["1"]


def test_each_user_is_asked_for(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged, uid=1000))
    other = bench.ask(staged, uid=1001)
    assert other.state is RequestState.WAITING
    assert bench.answer(other, approve=False).state is RequestState.DENIED
    assert len(bench.extensions.active()) == 1


def test_a_replaced_version_waits_on_where_another_user_asks_for_it(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged, uid=1000))
    other = bench.ask(staged, uid=1001)
    bench.answer(bench.ask(newer, uid=1000))
    bench.extensions.upgrades.settle(other.bundle_id)
    states = {extension.version: extension.state for extension in bench.extensions.extensions()}
    assert states == {"1": ExtensionState.WAITING, "2": ExtensionState.ACTIVE}
    bench.answer(other)
    assert [active.extension.version for active in bench.extensions.active()] == ["1"]


def test_deactivating_removes_versions_approvals_and_waiting_requests(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    waiting = bench.ask(newer)
    gone = bench.extensions.removals.remove(staged.manifest.bundle_id, "admin")
    assert (gone.version, gone.state) == ("1", ExtensionState.REMOVED)
    assert bench.extensions.extensions() == []
    assert bench.extensions.requests()[-1].id == waiting.id
    assert bench.extensions.requests()[-1].state is RequestState.CANCELED
    assert any(isinstance(detail, Deactivated) for detail in bench.said)
    assert bench.extensions.referenced() == frozenset()
    bench.restart()
    assert bench.ask(staged).state is RequestState.WAITING


def test_deactivating_what_is_not_there_says_so(bench: Bench) -> None:
    with pytest.raises(ProblemError, match=r"extension com\.example\.none: expected one"):
        bench.extensions.removals.remove(BundleId("com.example.none"), "admin")


def test_one_app_can_only_have_a_few_requests_waiting(
    bench: Bench, app: AppFolder, tmp_path: Path
) -> None:
    for number in range(PENDING_OF_ONE + 1):
        name = f"com.example.widget.driver{number}"
        folder = app.dext.with_name(f"{name}.dext")
        app.dext.rename(folder)
        app.dext = folder
        app.info["CFBundleIdentifier"] = name
        app.write()
        staged = stage(app.path, "", tmp_path / "state", None)
        if number < PENDING_OF_ONE:
            bench.ask(staged)
        else:
            with pytest.raises(ProblemError, match="Widget: expected at most 3") as refusal:
                bench.ask(staged)
            assert refusal.value.code == "busy"
    assert len(bench.extensions.extensions()) == PENDING_OF_ONE


def test_a_broken_copy_is_kept_out_and_its_requests_fail(bench: Bench, staged: Staged) -> None:
    request = bench.ask(staged)
    bench.extensions.broken(request.extension, "its copy is gone")
    assert bench.extensions.extensions()[0].state is ExtensionState.INVALID
    (failed,) = bench.extensions.requests()
    assert (failed.state, failed.reason) == (RequestState.FAILED, "its copy is gone")
    assert bench.ask(staged).state is RequestState.WAITING


def test_of_two_users_versions_that_waited_for_developer_mode_one_comes_into_force(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged, uid=1000))
    bench.answer(bench.ask(newer, uid=1001))
    bench.extensions.set_developer(on=False, by="admin")
    for one, uid in ((staged, 1000), (newer, 1001)):
        assert bench.ask(one, uid=uid).state is RequestState.WAITING
    bench.extensions.set_developer(on=True, by="admin")
    assert [active.extension.version for active in bench.extensions.active()] == ["2"]


def test_an_approval_that_was_taken_back_does_not_come_back_through_another_user(
    bench: Bench, staged: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged, uid=1001))
    bench.extensions.removals.remove(staged.manifest.bundle_id, "admin")
    bench.answer(bench.ask(staged, uid=1000))
    assert bench.ask(staged, uid=1001).state is RequestState.WAITING


def test_an_old_decision_does_not_bring_back_what_was_removed(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    request = bench.ask(staged)
    bench.answer(request)
    bench.extensions.removals.remove(staged.manifest.bundle_id, "admin")
    with pytest.raises(ProblemError, match="removed since it was approved") as refusal:
        bench.answer(request)
    assert refusal.value.code == "stale"
    assert bench.extensions.active() == []


def test_an_app_is_asked_before_another_version_is_replaced(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    assert bench.extensions.replacing(staged) is None
    bench.answer(bench.ask(staged))
    assert bench.extensions.replacing(staged) is None, "the same content replaces nothing"
    replacing = bench.extensions.replacing(newer)
    assert replacing is not None
    assert (replacing.existing.version, replacing.extension.version) == ("1", "2")
    assert bench.extensions.requests()[-1].content_hash == staged.content_hash


def test_other_content_of_the_same_version_is_asked_about_in_developer_mode(
    bench: Bench, app: AppFolder, staged: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    app.source += "# rebuilt\n"
    app.write()
    rebuilt = stage(app.path, "", bench.state_dir, None)
    assert bench.extensions.replacing(rebuilt) is not None
    bench.extensions.set_developer(on=False, by="admin")
    assert bench.extensions.replacing(rebuilt) is None


def test_who_asked_takes_a_request_back_and_nobody_else(bench: Bench, staged: Staged) -> None:
    request = bench.ask(staged, uid=1000)
    with pytest.raises(ProblemError) as refusal:
        bench.extensions.withdraw(request.id, 1001, "bob")
    assert refusal.value.code == "not-allowed"
    back = bench.extensions.withdraw(request.id, 1000, "ann")
    assert (back.state, back.error, back.reason) == (
        RequestState.CANCELED,
        11,
        "taken back by ann",
    )
    assert bench.extensions.extensions() == []
    with pytest.raises(ProblemError) as refusal:
        bench.extensions.withdraw(request.id, 1000, "ann")
    assert refusal.value.code == "stale"
    with pytest.raises(ProblemError) as refusal:
        bench.answer(request)
    assert refusal.value.code == "stale"


def test_a_version_that_does_not_start_gives_the_place_back(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    request = bench.answer(bench.ask(newer))
    bench.extensions.upgrades.roll_back(request.bundle_id, "it crashed")
    bench.restart()
    old, new = bench.extensions.extensions()
    assert (old.state, new.state) == (ExtensionState.ACTIVE, ExtensionState.INVALID)
    assert new.note == "it crashed; 1.0 (1) is in force again"
    bench.extensions.upgrades.settle(request.bundle_id)
    assert bench.extensions.extensions() == [old, new], "the upgrade is over"


def test_the_old_version_is_wanted_after_all(bench: Bench, staged: Staged, newer: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    bench.answer(bench.ask(newer))
    assert bench.ask(staged).state is RequestState.COMPLETED
    (old,) = bench.extensions.extensions()
    assert (old.version, old.state) == ("1", ExtensionState.ACTIVE)


def test_without_developer_mode_no_upgrade_goes_on(
    bench: Bench, staged: Staged, newer: Staged
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    bench.answer(bench.ask(newer))
    bench.extensions.set_developer(on=False, by="admin")
    assert bench.extensions.active() == []
    (new,) = bench.extensions.extensions()
    assert (new.version, new.state) == ("2", ExtensionState.DISABLED)
