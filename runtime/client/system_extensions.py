"""Submitting requests for system extensions, and telling their delegates.

For any program: no Qt and no event loop needed. One that may wait gives its `Connection` and
calls `wait`; one with an event loop gives its `Client`, and what `on_readable` returns to `apply`.
The connection is for this alone: it is subscribed to requests.
Source: Apple SystemExtensions (OSSystemExtensionManager).
Invariant: `did_finish`, `did_fail` or `found_properties` ends a request, exactly once.
"""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from runtime.client.blocking import Connection
from runtime.client.client import StateMessage
from runtime.client.requests import (
    ActivationRequest,
    DeactivationRequest,
    Failure,
    PropertiesRequest,
    ReplacementAction,
    RequestDelegate,
    Result,
    SystemExtensionRequest,
    properties_of,
)
from runtime.model.errors import UnavailableError
from runtime.model.identity import RequestId
from runtime.model.records import Request, RequestState
from runtime.model.sx_code import SxCode
from runtime.wire import client as wire
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.extensions import Replacing, RequestRemoval, Submit, Withdraw
from runtime.wire.commands.registry import GetRecords, Records, Subscribe, Topic

R = TypeVar("R")


class Asking(Protocol):
    """What `Client` and `Connection` can do."""

    def ask(
        self,
        command: CommandOf[R],
        on_answer: Callable[[R], None] | None = None,
        on_refusal: Callable[[wire.Refusal], None] | None = None,
    ) -> int:
        """Send a command; one of the callbacks is called later."""
        ...


class SystemExtensions:
    """The requests of one connection that are not over yet."""

    def __init__(self, runtime: Asking) -> None:
        """Subscribe to requests; `runtime` stays the caller's."""
        self._runtime = runtime
        self._open: list[_Submitted] = []
        self._known: dict[RequestId, Request] = {}
        runtime.ask(Subscribe((Topic.REQUESTS,)))

    @property
    def is_open(self) -> bool:
        """Whether a request is not over yet."""
        return bool(self._open)

    def submit(self, request: SystemExtensionRequest, delegate: RequestDelegate) -> None:
        """Submit a request; its delegate is called while answers and messages are taken."""
        submitted = _Submitted(request, delegate)
        self._open.append(submitted)
        match request:
            case ActivationRequest():
                self._activate(submitted, request, "")
            case DeactivationRequest(bundle_id=bundle_id):
                self._runtime.ask(
                    RequestRemoval(bundle_id),
                    lambda answer: self._taken(submitted, answer),
                    lambda refusal: self._refused(submitted, refusal),
                )
            case PropertiesRequest():
                self._runtime.ask(
                    GetRecords(),
                    lambda records: self._found(submitted, request, records),
                    lambda refusal: self._refused(submitted, refusal),
                )

    def cancel(self, request: SystemExtensionRequest) -> None:
        """Take back what waits for approval; it fails with `REQUEST_CANCELED`.

        Nothing happens where it does not wait, or not any more.
        """
        for submitted in self._open:
            if submitted.request is request and submitted.id:
                self._runtime.ask(Withdraw(submitted.id))

    def apply(self, message: StateMessage) -> None:
        """Take over a message of the subscription."""
        if isinstance(message, wire.SnapshotBegin):
            self._known.clear()
        elif isinstance(message, wire.SnapshotEnd):
            for submitted in [one for one in self._open if one.id and one.id not in self._known]:
                self._fail(submitted, SxCode.UNKNOWN, f"{submitted.id}: the runtime forgot it")
        else:
            for record in message.requests:
                self._known[record.id] = record
                for submitted in [one for one in self._open if one.id == record.id]:
                    self._stands(submitted, record)

    def wait(self, connection: Connection, timeout_s: float | None = None) -> bool:
        """Wait until every request is over; False where they are not in time.

        Raises:
            UnavailableError: The connection ended; every open request has failed then.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self.is_open:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            try:
                messages = connection.take(left)
            except UnavailableError as error:
                self.disconnected(str(error))
                raise
            for message in messages:
                self.apply(message)
        return True

    def disconnected(self, reason: str) -> None:
        """The connection is over: what is open fails."""
        for submitted in tuple(self._open):
            self._fail(submitted, SxCode.UNKNOWN, reason)

    def _activate(self, submitted: "_Submitted", request: ActivationRequest, replaces: str) -> None:
        self._runtime.ask(
            Submit(request.app_path, request.bundle_id, replaces),
            lambda answer: self._answered(submitted, request, answer),
            lambda refusal: self._refused(submitted, refusal),
        )

    def _answered(
        self, submitted: "_Submitted", request: ActivationRequest, answer: Request | Replacing
    ) -> None:
        if isinstance(answer, Request):
            self._taken(submitted, answer)
            return
        action = submitted.delegate.action_for_replacing(
            request, properties_of(answer.existing), properties_of(answer.extension)
        )
        if action is ReplacementAction.REPLACE:
            self._activate(submitted, request, answer.existing.id)
        else:
            kept = f"{answer.existing.id} stays: its app does not want it replaced"
            self._fail(submitted, SxCode.REQUEST_CANCELED, kept)

    def _taken(self, submitted: "_Submitted", answer: Request) -> None:
        submitted.id = answer.id
        self._stands(submitted, self._known.get(answer.id, answer))

    def _stands(self, submitted: "_Submitted", record: Request) -> None:
        """Tell a delegate how its request stands now."""
        if record.state is RequestState.WAITING:
            if not submitted.waits:
                submitted.waits = True
                submitted.delegate.needs_user_approval(submitted.request)
        elif record.state is RequestState.COMPLETED:
            self._finish(submitted)
        else:
            self._fail(submitted, SxCode(record.error), record.reason or record.state.value)

    def _found(self, submitted: "_Submitted", request: PropertiesRequest, records: Records) -> None:
        found = [one for one in records.extensions if one.bundle_id == request.bundle_id]
        self._open.remove(submitted)
        submitted.delegate.found_properties(request, tuple(map(properties_of, found)))

    def _refused(self, submitted: "_Submitted", refusal: wire.Refusal) -> None:
        self._fail(submitted, _code(refusal.code), refusal.text)

    def _finish(self, submitted: "_Submitted") -> None:
        self._open.remove(submitted)
        submitted.delegate.did_finish(submitted.request, Result.COMPLETED)

    def _fail(self, submitted: "_Submitted", code: SxCode, text: str) -> None:
        self._open.remove(submitted)
        submitted.delegate.did_fail(submitted.request, Failure(code, text))


class _Submitted:
    """A request with its delegate, and how far it is."""

    __slots__ = ("delegate", "id", "request", "waits")

    def __init__(self, request: SystemExtensionRequest, delegate: RequestDelegate) -> None:
        self.request = request
        self.delegate = delegate
        self.id = RequestId("")
        self.waits = False


_CODES = {
    "not-allowed": SxCode.AUTHORIZATION_REQUIRED,
    "not-found": SxCode.EXTENSION_NOT_FOUND,
    "signature": SxCode.CODE_SIGNATURE_INVALID,
}


_NUMBERS = frozenset(str(int(code)) for code in SxCode)


def _code(word: str) -> SxCode:
    """Apple's number of a refusal's code: ``sx-N`` has it, the others are the protocol's."""
    prefix, _, number = word.partition("-")
    if prefix == "sx" and number in _NUMBERS:
        return SxCode(int(number))
    return _CODES.get(word, SxCode.UNKNOWN)
