"""Devices that the machine would miss: asked for, unless an approval has warned of them."""

import msgspec
import pytest

from runtime.extensions.staging import Staged
from runtime.extensions.takeovers import MOST, Answer
from runtime.model.audit import Deed
from runtime.model.errors import ProblemError
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import EntryId
from runtime.model.records import DeviceHit, Request, RequestState
from tests.unit.extensions.conftest import Bench

KEYBOARD = DeviceHit(
    EntryId(7), "Keyboard", "IOService:/usb/1-2", 9, "usbhid", "it is the only keyboard"
)
OTHER = msgspec.structs.replace(KEYBOARD, path="IOService:/usb/1-3")


@pytest.fixture
def approved(bench: Bench, staged: Staged) -> Request:
    bench.extensions.set_developer(on=True, by="admin")
    return bench.answer(bench.ask(staged))


def may_take(bench: Bench, staged: Staged, device: DeviceHit = KEYBOARD) -> Answer:
    bundle_id = staged.manifest.bundle_id
    return bench.extensions.takeovers.ask(bundle_id, staged.content_hash, device)


def asked_for(bench: Bench) -> list[Request]:
    return [one for one in bench.extensions.requests() if one.takes]


def waiting(bench: Bench) -> Request:
    (request,) = [one for one in asked_for(bench) if one.state is RequestState.WAITING]
    return request


def test_a_device_that_comes_to_be_missed_is_asked_for_once(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    assert may_take(bench, staged) is Answer.WAITING
    assert may_take(bench, staged) is Answer.WAITING
    bench.restart()
    assert may_take(bench, staged) is Answer.WAITING
    (request,) = asked_for(bench)
    assert (request.state, request.devices) == (RequestState.WAITING, (KEYBOARD,))
    assert (request.requester, request.needs_developer) == (approved.requester, False)
    done = bench.answer(request)
    assert (done.state, done.decided_by) == (RequestState.COMPLETED, "admin")
    assert bench.answer(done) == done, "the same answer again is harmless"
    bench.restart()
    assert may_take(bench, staged) is Answer.GRANTED
    assert may_take(bench, staged, OTHER) is Answer.WAITING, "another device"
    told = [(entry.deed, entry.result) for entry in bench.store.audit(0, 3)]
    what = "to take Keyboard (it is the only keyboard)"
    assert told == [
        (Deed.REQUESTED, what),
        (Deed.APPROVED, "completed"),
        (Deed.REQUESTED, what),
    ]


def test_what_is_denied_stays_denied_until_that_is_undone(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    may_take(bench, staged)
    denied = bench.answer(waiting(bench), approve=False)
    assert denied.state is RequestState.DENIED
    bench.restart()
    assert may_take(bench, staged) is Answer.DENIED
    (extension,) = bench.extensions.extensions()
    assert extension.state is ExtensionState.ACTIVE, "it may drive everything else"
    bench.extensions.retractions.undo(denied.id, "admin")
    assert may_take(bench, staged) is Answer.WAITING
    assert waiting(bench).id == denied.id
    undone = bench.extensions.retractions.undo(bench.answer(waiting(bench)).id, "admin")
    assert (undone.state, may_take(bench, staged)) == (RequestState.WAITING, Answer.WAITING)


def test_an_approval_is_one_of_what_it_warned_of(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    asked = bench.ask(staged)
    again = bench.extensions.activate(staged, asked.requester, asked.uid, (KEYBOARD,))
    assert again.nonce != asked.nonce, "what was read said nothing of it"
    with pytest.raises(ProblemError, match="expected what it asks for now, found another"):
        bench.answer(asked)
    bench.answer(again)
    assert may_take(bench, staged) is Answer.GRANTED
    assert may_take(bench, staged, OTHER) is Answer.WAITING


@pytest.mark.parametrize("how", ["revoke", "remove", "undo", "broken"])
def test_the_answer_goes_with_the_approval_of_the_extension(
    bench: Bench, approved: Request, staged: Staged, how: str
) -> None:
    may_take(bench, staged)
    bench.answer(waiting(bench))
    may_take(bench, staged, OTHER)
    unanswered = waiting(bench)
    match how:
        case "revoke":
            bench.extensions.retractions.revoke(approved.bundle_id, "", "admin")
        case "remove":
            bench.extensions.removals.remove(approved.bundle_id, "admin")
        case "undo":
            bench.extensions.retractions.undo(approved.id, "admin")
        case "broken":
            bench.extensions.broken(approved.extension, "its copy is gone")
    ended = {one.id: one for one in asked_for(bench)}[unanswered.id]
    out = "its extension is not in force"
    assert (ended.state, ended.reason) == (RequestState.CANCELED, out)
    assert bench.answer(bench.ask(staged)).state is RequestState.COMPLETED
    assert may_take(bench, staged) is Answer.WAITING, "it has to be asked anew"


def test_a_request_of_the_app_leaves_what_waits_alone(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    may_take(bench, staged)
    assert bench.ask(staged).id == approved.id, "still approved"
    bench.ask_removal()
    assert waiting(bench).devices == (KEYBOARD,)
    assert bench.extensions.idle() == []


def test_what_the_machine_can_do_without_is_not_waited_for(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    may_take(bench, staged)
    may_take(bench, staged, OTHER)
    bench.extensions.takeovers.needless(approved.bundle_id, OTHER.path)
    assert waiting(bench).devices == (KEYBOARD,)
    assert asked_for(bench)[1].reason == "the machine can do without it now"


def test_a_device_that_is_another_each_time_does_not_fill_the_inbox(
    bench: Bench, approved: Request, staged: Staged
) -> None:
    paths = [f"IOService:/bluetooth/{number}" for number in range(MOST + 2)]
    for path in paths:
        may_take(bench, staged, msgspec.structs.replace(KEYBOARD, path=path))
    kept = [one for one in asked_for(bench) if one.state is RequestState.WAITING]
    assert [one.devices[0].path for one in kept] == paths[2:]


def test_nothing_is_asked_for_an_extension_that_may_not_run(bench: Bench, staged: Staged) -> None:
    bench.ask(staged)
    assert may_take(bench, staged) is Answer.WAITING
    assert asked_for(bench) == []
