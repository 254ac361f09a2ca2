"""Decisions that are undone and approvals that are revoked: what stops, what waits."""

from pathlib import Path

import pytest

from runtime.extensions.staging import Staged, stage
from runtime.model.audit import Deed
from runtime.model.errors import ProblemError
from runtime.model.events import Revoked, Undone
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import Request, RequestState
from tests.unit.extensions.conftest import AppFolder, Bench


@pytest.fixture
def newer(app: AppFolder, staged: Staged, tmp_path: Path) -> Staged:
    app.info["CFBundleVersion"] = "2"
    app.write()
    return stage(app.path, "", tmp_path / "state", None)


@pytest.fixture
def approved(bench: Bench, staged: Staged) -> Request:
    bench.extensions.set_developer(on=True, by="admin")
    return bench.answer(bench.ask(staged))


def states(bench: Bench) -> dict[str, ExtensionState]:
    return {one.version: one.state for one in bench.extensions.extensions()}


def undo(bench: Bench, request: Request) -> Request:
    return bench.extensions.retractions.undo(request.id, "grace")


def refused(bench: Bench, request: Request) -> str:
    with pytest.raises(ProblemError) as refusal:
        undo(bench, request)
    assert refusal.value.code == "stale"
    return str(refusal.value)


def test_an_approval_that_is_undone_stops_and_waits_again(bench: Bench, approved: Request) -> None:
    waiting = undo(bench, approved)
    assert (waiting.id, waiting.state) == (approved.id, RequestState.WAITING)
    assert waiting.nonce != approved.nonce, "what was shown before decides nothing any more"
    assert bench.extensions.active() == []
    assert states(bench) == {"1": ExtensionState.WAITING}
    bench.restart()
    assert states(bench) == {"1": ExtensionState.WAITING}
    bench.answer(waiting)
    assert states(bench) == {"1": ExtensionState.ACTIVE}


def test_a_denial_that_is_undone_can_be_approved(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    denied = bench.answer(bench.ask(staged), approve=False)
    waiting = undo(bench, denied)
    assert (waiting.error, waiting.reason, waiting.decided_by) == (0, "", "")
    bench.answer(waiting)
    assert states(bench) == {"1": ExtensionState.ACTIVE}


def test_undoing_is_told_and_written_down(bench: Bench, approved: Request) -> None:
    undo(bench, approved)
    assert bench.said[-1] == Undone(approved.id, approved.name, "completed", "grace")
    entry = bench.store.audit(0, 1)[0]
    assert (entry.deed, entry.by, entry.result) == (Deed.UNDONE, "grace", "it was completed")


def test_undoing_an_upgrade_gives_the_place_back(
    bench: Bench, approved: Request, newer: Staged
) -> None:
    upgrade = bench.answer(bench.ask(newer))
    assert states(bench) == {"1": ExtensionState.GIVING_WAY, "2": ExtensionState.UPGRADING}
    assert "the newest request" in refused(bench, approved)
    assert undo(bench, upgrade).reason == "replaces 1.0 (1)"
    assert states(bench) == {"1": ExtensionState.ACTIVE, "2": ExtensionState.WAITING}


def test_undoing_leaves_what_another_user_has_approved(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    other = bench.answer(bench.ask(staged, uid=1001))
    undo(bench, other)
    assert states(bench) == {"1": ExtensionState.ACTIVE}
    undo(bench, approved)
    assert states(bench) == {"1": ExtensionState.WAITING}


def test_what_has_no_decision_or_an_older_one_cannot_be_undone(
    bench: Bench, approved: Request, newer: Staged
) -> None:
    waiting = bench.ask(newer)
    assert "expected one that was decided, found it waiting" in refused(bench, waiting)
    assert f"expected the newest request for its extension, found {waiting.id}" in refused(
        bench, approved
    )
    bench.extensions.removals.remove(approved.bundle_id, "admin")
    assert "found it removed since" in refused(bench, approved)


def test_a_revoked_approval_stops_and_its_app_has_to_ask_again(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    bench.answer(bench.ask(staged, uid=1001))
    gone = bench.extensions.retractions.revoke(approved.bundle_id, "not on Fridays", "grace")
    assert (gone.state, gone.note) == (ExtensionState.REVOKED, "by grace: not on Fridays")
    assert bench.extensions.active() == []
    assert {one.state for one in bench.extensions.requests()} == {RequestState.REVOKED}
    assert bench.said[-1] == Revoked(gone.id, gone.name, "grace")
    entry = bench.store.audit(0, 1)[0]
    assert (entry.deed, entry.result) == (Deed.REVOKED, "by grace: not on Fridays")
    bench.restart()
    bench.extensions.set_developer(on=False, by="admin")
    bench.extensions.set_developer(on=True, by="admin")
    assert states(bench) == {"1": ExtensionState.REVOKED}, "no mode brings it back"
    assert bench.ask(staged).state is RequestState.WAITING


def test_a_revocation_is_undone_by_asking_again_in_the_inbox(
    bench: Bench, approved: Request
) -> None:
    bench.extensions.retractions.revoke(approved.bundle_id, "", "grace")
    waiting = undo(bench, bench.extensions.requests()[0])
    assert waiting.state is RequestState.WAITING
    assert states(bench) == {"1": ExtensionState.WAITING}


def test_both_versions_of_an_upgrade_are_revoked(
    bench: Bench, approved: Request, newer: Staged
) -> None:
    bench.answer(bench.ask(newer))
    bench.extensions.retractions.revoke(approved.bundle_id, "", "grace")
    assert set(states(bench).values()) == {ExtensionState.REVOKED}


def test_an_earlier_version_has_to_be_asked_for_anew_after_a_revocation(
    bench: Bench, approved: Request, staged: Staged, newer: Staged
) -> None:
    bench.answer(bench.ask(newer))
    bench.extensions.upgrades.settle(approved.bundle_id)
    bench.extensions.retractions.revoke(approved.bundle_id, "", "grace")
    assert bench.ask(staged).state is RequestState.WAITING
    assert bench.extensions.active() == []


def test_what_another_user_still_asks_for_waits_after_a_revocation(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    bench.extensions.set_developer(on=False, by="admin")
    waiting = bench.ask(staged, uid=1001)
    assert waiting.state is RequestState.WAITING
    bench.extensions.retractions.revoke(approved.bundle_id, "", "grace")
    assert states(bench) == {"1": ExtensionState.WAITING}


def test_nothing_is_revoked_that_is_not_approved(bench: Bench, staged: Staged) -> None:
    waiting = bench.ask(staged)
    with pytest.raises(ProblemError, match="expected one that is approved, found none"):
        bench.extensions.retractions.revoke(waiting.bundle_id, "", "grace")


def test_an_approval_is_ones_own_when_it_is_for_nobody_else(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    approved_for = bench.extensions.retractions.approved_for
    assert approved_for(approved.bundle_id, 1000)
    assert not approved_for(approved.bundle_id, 1001)
    bench.answer(bench.ask(staged, uid=1001))
    assert not approved_for(approved.bundle_id, 1000)
