"""Requests for system extensions: the delegate hears Apple's callbacks, each end exactly once."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from runtime.client.requests import (
    ActivationRequest,
    DeactivationRequest,
    ExtensionProperties,
    Failure,
    PropertiesRequest,
    ReplacementAction,
    RequestDelegate,
    Result,
    SystemExtensionRequest,
)
from runtime.client.system_extensions import SystemExtensions
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.records import Extension, Mode, Request, Requester, RequestState, Status
from runtime.model.sx_code import SxCode
from runtime.wire import client as wire
from runtime.wire.commands.extensions import Replacing, RequestRemoval, Submit, Withdraw
from runtime.wire.commands.registry import GetRecords, Records, Subscribe

BUNDLE = BundleId("com.example.widget")
ASKED = ActivationRequest("/Applications/Widget.app", BUNDLE)


class Wire:
    """Keeps what was asked; the test answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, Callable[[Any], None] | None, Any]] = []

    def ask(self, command: Any, on_answer: Any = None, on_refusal: Any = None) -> int:
        self.asked.append((command, on_answer, on_refusal))
        return len(self.asked)

    def last(self) -> object:
        return self.asked[-1][0]

    def answer(self, result: object) -> None:
        on_answer = self.asked[-1][1]
        assert on_answer is not None
        on_answer(result)

    def refuse(self, code: str) -> None:
        self.asked[-1][2](wire.Refusal(1, code, "refused"))


class Heard(RequestDelegate):
    """Writes down what it hears."""

    def __init__(self, action: ReplacementAction = ReplacementAction.REPLACE) -> None:
        self.said: list[object] = []
        self.requests: set[SystemExtensionRequest] = set()
        self._action = action

    def action_for_replacing(
        self,
        request: ActivationRequest,
        existing: ExtensionProperties,
        extension: ExtensionProperties,
    ) -> ReplacementAction:
        assert request is ASKED
        self.said.append((existing.version, extension.version))
        return self._action

    def needs_user_approval(self, request: SystemExtensionRequest) -> None:
        self._hear(request, "needs approval")

    def did_finish(self, request: SystemExtensionRequest, result: Result) -> None:
        self._hear(request, result)

    def did_fail(self, request: SystemExtensionRequest, failure: Failure) -> None:
        self._hear(request, failure.code)

    def found_properties(
        self, request: PropertiesRequest, properties: Sequence[ExtensionProperties]
    ) -> None:
        self._hear(request, *properties)

    def _hear(self, request: SystemExtensionRequest, *said: object) -> None:
        self.requests.add(request)
        assert len(self.requests) == 1, "it is the delegate of one request"
        self.said += said


def record(state: RequestState, error: SxCode = SxCode.NONE) -> Request:
    return Request(
        id=RequestId("one:1"),
        extension="one",
        bundle_id=BUNDLE,
        content_hash=ContentHash("0" * 64),
        nonce="n",
        name="Widget",
        short_version="1.0",
        version="1",
        requester=Requester("Widget", ASKED.app_path),
        state=state,
        error=int(error),
    )


def extension(version: str, state: ExtensionState = ExtensionState.ACTIVE) -> Extension:
    return Extension(
        id=f"one@{version}",
        bundle_id=BUNDLE,
        content_hash=ContentHash(version * 64),
        name="Widget",
        short_version="1.0",
        version=version,
        state=state,
    )


@pytest.fixture
def runtime() -> Wire:
    return Wire()


@pytest.fixture
def extensions(runtime: Wire) -> SystemExtensions:
    made = SystemExtensions(runtime)
    assert isinstance(runtime.last(), Subscribe)
    return made


def test_what_is_approved_is_finished_at_once(runtime: Wire, extensions: SystemExtensions) -> None:
    heard = Heard()
    extensions.submit(ASKED, heard)
    assert runtime.last() == Submit(ASKED.app_path, BUNDLE)
    runtime.answer(record(RequestState.COMPLETED))
    assert heard.said == [Result.COMPLETED]
    assert not extensions.is_open


@pytest.mark.parametrize(
    ("state", "error", "end"),
    [
        (RequestState.COMPLETED, SxCode.NONE, Result.COMPLETED),
        (RequestState.DENIED, SxCode.AUTHORIZATION_REQUIRED, SxCode.AUTHORIZATION_REQUIRED),
        (RequestState.SUPERSEDED, SxCode.REQUEST_SUPERSEDED, SxCode.REQUEST_SUPERSEDED),
        (RequestState.CANCELED, SxCode.REQUEST_CANCELED, SxCode.REQUEST_CANCELED),
        (RequestState.FAILED, SxCode.VALIDATION_FAILED, SxCode.VALIDATION_FAILED),
    ],
)
@pytest.mark.parametrize("answer_first", [True, False])
def test_it_waits_and_then_ends(
    runtime: Wire,
    extensions: SystemExtensions,
    state: RequestState,
    error: SxCode,
    end: object,
    *,
    answer_first: bool,
) -> None:
    heard = Heard()
    extensions.submit(ASKED, heard)
    news = wire.Delta(1, requests=(record(state, error),))
    if answer_first:
        runtime.answer(record(RequestState.WAITING))
        extensions.apply(wire.Delta(0, requests=(record(RequestState.WAITING),)))
        extensions.apply(news)
        assert heard.said == ["needs approval", end]
    else:  # somebody decided before the answer was on its way
        extensions.apply(news)
        runtime.answer(record(RequestState.WAITING))
        assert heard.said == [end]
    extensions.apply(news)
    assert len(heard.said) <= 2
    assert not extensions.is_open


@pytest.mark.parametrize("action", ReplacementAction)
def test_the_delegate_compares_versions(
    runtime: Wire, extensions: SystemExtensions, action: ReplacementAction
) -> None:
    heard = Heard(action)
    extensions.submit(ASKED, heard)
    runtime.answer(Replacing(extension("1"), extension("2", ExtensionState.WAITING)))
    assert heard.said[0] == ("1", "2")
    if action is ReplacementAction.REPLACE:
        assert runtime.last() == Submit(ASKED.app_path, BUNDLE, "one@1")
        assert extensions.is_open
    else:
        assert heard.said[1:] == [SxCode.REQUEST_CANCELED]
        assert not extensions.is_open


def test_what_waits_can_be_taken_back(runtime: Wire, extensions: SystemExtensions) -> None:
    heard = Heard()
    extensions.submit(ASKED, heard)
    extensions.cancel(ASKED)
    assert isinstance(runtime.last(), Submit), "it does not wait yet"
    runtime.answer(record(RequestState.WAITING))
    extensions.cancel(ASKED)
    assert runtime.last() == Withdraw(RequestId("one:1"))


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("sx-3", SxCode.UNSUPPORTED_PARENT_BUNDLE_LOCATION),
        ("sx-99", SxCode.UNKNOWN),
        ("not-allowed", SxCode.AUTHORIZATION_REQUIRED),
        ("not-found", SxCode.EXTENSION_NOT_FOUND),
        ("busy", SxCode.UNKNOWN),
        ("disconnected", SxCode.UNKNOWN),
    ],
)
def test_a_refusal_has_apples_number(
    runtime: Wire, extensions: SystemExtensions, code: str, number: SxCode
) -> None:
    heard = Heard()
    extensions.submit(DeactivationRequest(BUNDLE), heard)
    assert runtime.last() == RequestRemoval(BUNDLE)
    runtime.refuse(code)
    assert heard.said == [number]
    assert not extensions.is_open


def test_a_removal_waits_for_somebody_and_finishes_once(
    runtime: Wire, extensions: SystemExtensions
) -> None:
    heard = Heard()
    asked = DeactivationRequest(BUNDLE)
    extensions.submit(asked, heard)
    runtime.answer(record(RequestState.WAITING))
    assert heard.said == ["needs approval"]
    extensions.apply(wire.Delta(0, requests=(record(RequestState.COMPLETED),)))
    extensions.apply(wire.Delta(1, requests=(record(RequestState.COMPLETED),)))
    assert heard.said == ["needs approval", Result.COMPLETED]


def test_properties_are_those_of_every_version(runtime: Wire, extensions: SystemExtensions) -> None:
    heard = Heard()
    extensions.submit(PropertiesRequest(BUNDLE), heard)
    assert runtime.last() == GetRecords()
    known = (extension("1"), extension("2", ExtensionState.WAITING))
    runtime.answer(Records(Status("run", Mode.ALONE, 0, "root", 1, "0"), (), known, ()))
    found = [(one.version, one.is_enabled, one.is_awaiting_user_approval) for one in heard.said]  # type: ignore[attr-defined]
    assert found == [("1", True, False), ("2", False, True)]
    assert not extensions.is_open


def test_what_a_new_runtime_forgot_and_a_lost_connection_fail(
    runtime: Wire, extensions: SystemExtensions
) -> None:
    forgotten, lost = Heard(), Heard()
    extensions.submit(ASKED, forgotten)
    runtime.answer(record(RequestState.WAITING))
    extensions.apply(wire.SnapshotBegin(0, "run"))
    extensions.apply(wire.SnapshotEnd())
    extensions.submit(ASKED, lost)
    extensions.disconnected("runtime ended")
    assert forgotten.said == ["needs approval", SxCode.UNKNOWN]
    assert lost.said == [SxCode.UNKNOWN]
    assert not extensions.is_open
