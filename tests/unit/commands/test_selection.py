"""Names on the command line: anything unambiguous is enough, nothing is guessed."""

import pytest

from runtime.commands.selection import find_driver, find_request
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.identity import BundleId, ContentHash, DriverId, EntryId, RequestId
from runtime.model.records import Driver, Request, Requester, RequestState


def driver(number: int, name: str, state: DriverState = DriverState.RUNNING) -> Driver:
    return Driver(
        id=DriverId(number),
        name=name,
        bundle_id=BundleId(f"com.example.{name.lower()}"),
        content_hash=ContentHash("0" * 64),
        personality=name,
        provider=EntryId(1),
        provider_path=f"IOService:/Port@{number}",
        state=state,
    )


def request(request_id: str, state: RequestState = RequestState.WAITING) -> Request:
    return Request(
        id=RequestId(request_id),
        extension=request_id.split(":", maxsplit=1)[0],
        bundle_id=BundleId(request_id.split("@", maxsplit=1)[0]),
        content_hash=ContentHash("0" * 64),
        nonce="n",
        name="Driver",
        short_version="1.0",
        version="1",
        requester=Requester("App", "/App.app"),
        state=state,
    )


@pytest.mark.parametrize("name", ["Widget", "com.example.widget", "2"])
def test_a_driver_by_class_bundle_or_number(name: str) -> None:
    drivers = [driver(1, "Other"), driver(2, "Widget")]
    assert find_driver(drivers, name).id == 2


def test_what_runs_goes_before_what_has_ended() -> None:
    drivers = [driver(1, "Widget"), driver(2, "Widget", DriverState.STOPPED)]
    assert find_driver(drivers, "Widget").id == 1
    ended = [driver(number, "Widget", DriverState.STOPPED) for number in (1, 3, 2)]
    assert find_driver(ended, "Widget").id == 3


def test_two_that_run_are_not_guessed_between() -> None:
    drivers = [driver(1, "Widget"), driver(2, "Widget")]
    with pytest.raises(ProblemError, match="1 on IOService:/Port@1, 2 on") as refusal:
        find_driver(drivers, "Widget")
    assert refusal.value.code == "ambiguous"
    assert find_driver(drivers, "2").id == 2


def test_an_unknown_driver_is_not_found() -> None:
    with pytest.raises(ProblemError, match=r"driver x: .* found Widget \(1\)"):
        find_driver([driver(1, "Widget")], "x")


@pytest.mark.parametrize("name", ["com.a@1234:1", "com.a", "com.a@12", "com.a@1234:"])
def test_a_request_by_id_beginning_or_bundle(name: str) -> None:
    assert find_request([request("com.a@1234:1"), request("com.b@1:2")], name).id == "com.a@1234:1"


def test_a_decided_request_is_found_by_its_whole_id_only() -> None:
    requests = [request("com.a@1:1", RequestState.COMPLETED), request("com.a@2:2")]
    assert find_request(requests, "com.a@1:1").state is RequestState.COMPLETED
    assert find_request(requests, "com.a").id == "com.a@2:2"
    with pytest.raises(ProblemError, match="expected one that waits"):
        find_request(requests, "com.a@1")


def test_a_bundle_id_is_no_beginning_of_another() -> None:
    requests = [request("com.a@1:1"), request("com.ab@1:2")]
    assert find_request(requests, "com.a").id == "com.a@1:1"


def test_a_beginning_of_two_is_ambiguous() -> None:
    requests = [request("com.a@1:1"), request("com.ab@1:2")]
    with pytest.raises(ProblemError, match=r"found com\.a@1:1, com\.ab@1:2") as refusal:
        find_request(requests, "com")
    assert refusal.value.code == "ambiguous"
