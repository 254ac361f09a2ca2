"""Apps that ask for the removal of an extension: somebody decides, and it stays until then."""

import pytest

from runtime.extensions import transaction
from runtime.extensions.staging import Staged
from runtime.model.audit import Deed
from runtime.model.errors import ProblemError
from runtime.model.events import Requested
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import Request, RequestState
from tests.unit.extensions.conftest import Bench


@pytest.fixture
def approved(bench: Bench, staged: Staged) -> Request:
    bench.extensions.set_developer(on=True, by="admin")
    return bench.answer(bench.ask(staged))


def state(bench: Bench) -> list[ExtensionState]:
    return [one.state for one in bench.extensions.extensions()]


def test_an_extension_stays_until_its_removal_is_approved(bench: Bench, approved: Request) -> None:
    removal = bench.ask_removal()
    assert (removal.state, removal.removes) == (RequestState.WAITING, True)
    assert state(bench) == [ExtensionState.ACTIVE]
    assert bench.said[-1] == Requested(removal.id, removal.name, "Widget", removes=True)
    bench.restart()
    done = bench.answer(removal)
    assert (done.state, done.decided_by) == (RequestState.COMPLETED, "admin")
    assert state(bench) == []
    assert bench.extensions.referenced() == frozenset()
    assert bench.answer(done) == done, "the same answer again is harmless"
    deeds = [entry.deed for entry in bench.store.audit(0, 3)]
    assert deeds == [Deed.APPROVED, Deed.REMOVED, Deed.REQUESTED]


def test_a_denied_removal_leaves_the_approval_alone(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    denied = bench.answer(bench.ask_removal(), approve=False)
    assert denied.state is RequestState.DENIED
    assert state(bench) == [ExtensionState.ACTIVE]
    assert bench.ask(staged).id == approved.id, "still approved"
    undone = bench.extensions.retractions.undo(denied.id, "admin")
    assert (undone.state, undone.removes) == (RequestState.WAITING, True)
    assert state(bench) == [ExtensionState.ACTIVE]
    bench.answer(undone)
    assert state(bench) == []


def test_a_denied_removal_does_not_stand_in_the_way_of_an_undo(
    bench: Bench, approved: Request
) -> None:
    removal = bench.ask_removal()
    with pytest.raises(ProblemError, match=f"expected the newest .*, found {removal.id}"):
        bench.extensions.retractions.undo(approved.id, "admin")
    bench.answer(removal, approve=False)
    bench.extensions.retractions.undo(approved.id, "admin")
    assert state(bench) == [ExtensionState.WAITING]


def test_a_removal_that_was_done_cannot_be_undone(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    done = bench.answer(bench.ask_removal())
    bench.answer(bench.ask(staged))
    with pytest.raises(ProblemError, match="found it removed since"):
        bench.extensions.retractions.undo(done.id, "admin")
    assert state(bench) == [ExtensionState.ACTIVE]


def test_who_asks_for_ever_is_forgotten_and_an_approval_is_not(
    bench: Bench, approved: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "KEPT_REQUESTS", 5)
    for _ in range(20):
        bench.extensions.withdraw(bench.ask_removal(uid=1001).id, 1001, "mallory")
    known = [one.id for one in bench.extensions.requests()]
    assert len(known) == 5 + 2, "with the newest, and the approval"
    assert known[0] == approved.id
    bench.restart()
    assert [one.id for one in bench.extensions.requests()] == known


def test_the_same_request_is_counted_and_each_user_has_one(bench: Bench, approved: Request) -> None:
    first = bench.ask_removal()
    again = bench.ask_removal()
    assert (again.id, again.count) == (first.id, 2)
    assert bench.ask_removal(uid=1001).id != first.id


def test_the_newer_of_activation_and_removal_counts(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    removal = bench.ask_removal()
    bench.ask(staged)
    known = {one.id: one.state for one in bench.extensions.requests()}
    assert known[removal.id] is RequestState.SUPERSEDED
    waiting = bench.ask_removal()
    assert waiting.state is RequestState.WAITING


def test_a_removal_supersedes_the_activation_that_waits(bench: Bench, staged: Staged) -> None:
    asked = bench.ask(staged)
    bench.ask_removal()
    known = {one.id: one for one in bench.extensions.requests()}
    assert known[asked.id].state is RequestState.SUPERSEDED
    assert all(one.state is not RequestState.WAITING for one in known.values()), "nothing is left"


def test_what_is_gone_otherwise_needs_no_decision(bench: Bench, approved: Request) -> None:
    removal = bench.ask_removal(uid=1001)
    bench.extensions.removals.remove(removal.bundle_id, "admin")
    (known,) = [one for one in bench.extensions.requests() if one.id == removal.id]
    assert known.state is RequestState.COMPLETED


def test_nothing_but_a_decision_completes_a_removal(bench: Bench, approved: Request) -> None:
    removal = bench.ask_removal()
    bench.extensions.set_developer(on=False, by="admin")
    bench.extensions.set_developer(on=True, by="admin")
    bench.extensions.broken(approved.extension, "its copy is gone")
    (known,) = [one for one in bench.extensions.requests() if one.id == removal.id]
    assert known.state is RequestState.WAITING
    bench.answer(known)
    assert state(bench) == []


def test_who_asked_takes_it_back(bench: Bench, approved: Request) -> None:
    removal = bench.ask_removal()
    assert bench.extensions.withdraw(removal.id, 1000, "ada").state is RequestState.CANCELED
    assert state(bench) == [ExtensionState.ACTIVE]


def test_the_removal_of_what_is_not_there_is_refused(bench: Bench) -> None:
    with pytest.raises(ProblemError, match="expected one of that identifier") as refusal:
        bench.ask_removal()
    assert refusal.value.code == "not-found"
