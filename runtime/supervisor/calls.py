"""The runtime's own calls to one driver process, which wait here for their reply.

Invariant: a reply reaches exactly the call that it answers, and none after the process is gone.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from runtime.model.errors import BreachError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import ExitHow
from runtime.model.processes import NO_CALL, OpenCall
from runtime.supervisor.process import DriverProcess
from runtime.wire import codec, limits, methods
from runtime.wire import driver as wire
from runtime.wire import service as service_wire

OnReply = Callable[[], None]
OnFail = Callable[[int, str], None]


class _Open(NamedTuple):
    on_reply: Callable[[msgspec.Raw], None]
    on_fail: OnFail
    what: str
    since_ns: int
    for_program: bool = False  # who waits has to be told of the process's end


class Calls:
    """Open calls to one process."""

    def __init__(self, process: DriverProcess) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._asked: dict[int, _Open] = {}  # the oldest first

    def ask(
        self,
        service: int,
        method: methods.Start | methods.Stop | service_wire.SetPowerState,
        on_reply: OnReply,
        on_fail: OnFail,
    ) -> None:
        """Call a service of the process; one of the callbacks follows unless the process ends."""
        number = next(self._numbers)
        since_ns = time.monotonic_ns()
        what = type(method).__name__
        self._await(number, _Open(lambda _: on_reply(), on_fail, what, since_ns))
        self._process.send(wire.Call(number, service, method))

    async def open(self, service: int, method: methods.NewUserClient, program: int) -> msgspec.Raw:
        """Have a service opened for a program, whose socket stays the caller's; the result.

        Raises:
            ReturnError: The driver refused; kIOReturnIPCError: it ended before it answered;
                kIOReturnBusy: it does not read what it is sent.
        """
        number = next(self._numbers)
        if not self._process.call_beside(wire.Call(number, service, method), program):
            raise ReturnError(IOReturn.BUSY, "the driver does not read what it is sent")
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()

        def replied(result: msgspec.Raw) -> None:
            if not answer.done():
                answer.set_result(result)

        def failed(code: int, text: str) -> None:
            if not answer.done():
                answer.set_exception(ReturnError(code, text))

        since_ns = time.monotonic_ns()
        self._await(number, _Open(replied, failed, type(method).__name__, since_ns, True))
        return await answer

    def oldest(self, now_ns: int) -> OpenCall:
        """The open call that has waited longest."""
        for call in self._asked.values():
            return OpenCall(call.what, (now_ns - call.since_ns) // 1000)
        return NO_CALL

    def replied(self, reply: wire.Reply) -> None:
        """Take a reply; BreachError when it answers no open call."""
        self._pop(reply.number).on_reply(reply.result)

    def failed(self, fail: wire.Fail) -> None:
        """Take a failure; BreachError when it answers no open call."""
        self._pop(fail.number).on_fail(fail.code, fail.text)

    def serve(self, service: int, method: service_wire.ServeClient, client: int) -> None:
        """Have a nub serve a client by this socket, which stays the caller's.

        A driver that cannot take it does not: the client sees the end of its own.
        """
        number = next(self._numbers)
        if self._process.call_beside(wire.Call(number, service, method), client):
            what, since_ns = type(method).__name__, time.monotonic_ns()
            self._await(number, _Open(lambda _: None, lambda _code, _text: None, what, since_ns))

    def answer(self, call: wire.Call, carry_out: Callable[[], object]) -> None:
        """Reply to a service's call with what carrying it out results in; BreachError passes."""
        try:
            result = carry_out()
        except ReturnError as error:
            text = error.text[: limits.TEXT]
            self._process.send(wire.Fail(call.number, int(error.code), text))
        else:
            self._process.send(wire.Reply(call.number, codec.raw(result)))

    def close(self) -> None:
        """The process is gone: nothing that is open will be answered."""
        asked, self._asked = self._asked, {}
        for call in asked.values():
            if call.for_program:
                call.on_fail(IOReturn.IPC_ERROR, "the driver ended before it answered")

    def _await(self, number: int, call: _Open) -> None:
        """Keep a call until it is answered; a driver that never answers is killed."""
        if len(self._asked) >= limits.OUTSTANDING:
            self._process.kill(ExitHow.HANG, f"it left {limits.OUTSTANDING} calls unanswered")
        self._asked[number] = call

    def _pop(self, number: int) -> _Open:
        try:
            return self._asked.pop(number)
        except KeyError:
            raise BreachError(
                f"driver: expected a reply to an open call, found number {number}"
            ) from None
