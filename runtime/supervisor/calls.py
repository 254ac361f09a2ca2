"""The runtime's own calls to one driver process (Start, Stop), which wait here for their reply.

Invariant: a reply reaches exactly the call that it answers, and none after the process is gone.
"""

import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from runtime.model.errors import BreachError
from runtime.model.kern_return import IOReturn
from runtime.model.processes import NO_CALL, OpenCall
from runtime.supervisor.process import DriverProcess
from runtime.wire import codec, methods
from runtime.wire import driver as wire

OnReply = Callable[[], None]
OnFail = Callable[[int, str], None]


class _Open(NamedTuple):
    on_reply: OnReply
    on_fail: OnFail
    what: str
    since_ns: int


class Calls:
    """Open calls to one process."""

    def __init__(self, process: DriverProcess) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._asked: dict[int, _Open] = {}  # the oldest first

    def ask(
        self,
        service: int,
        method: methods.Start | methods.Stop,
        on_reply: OnReply,
        on_fail: OnFail,
    ) -> None:
        """Call a service of the process; one of the callbacks follows unless the process ends."""
        number = next(self._numbers)
        since_ns = time.monotonic_ns()
        self._asked[number] = _Open(on_reply, on_fail, type(method).__name__, since_ns)
        self._process.send(wire.Call(number, service, method))

    def oldest(self, now_ns: int) -> OpenCall:
        """The open call that has waited longest."""
        for call in self._asked.values():
            return OpenCall(call.what, (now_ns - call.since_ns) // 1000)
        return NO_CALL

    def replied(self, reply: wire.Reply) -> None:
        """Take a reply; BreachError when it answers no open call."""
        self._pop(reply.number).on_reply()

    def failed(self, fail: wire.Fail) -> None:
        """Take a failure; BreachError when it answers no open call."""
        self._pop(fail.number).on_fail(fail.code, fail.text)

    def answer(self, call: wire.Call, *, gone: bool) -> None:
        """Reply to a service's call, which is carried out unless that service is `gone`."""
        refusal = wire.Fail(call.number, int(IOReturn.NOT_ATTACHED), "the service is gone")
        done = wire.Reply(call.number, codec.raw(None))
        self._process.send(refusal if gone else done)

    def close(self) -> None:
        """The process is gone: forget what is open."""
        self._asked.clear()

    def _pop(self, number: int) -> _Open:
        try:
            return self._asked.pop(number)
        except KeyError:
            raise BreachError(
                f"driver: expected a reply to an open call, found number {number}"
            ) from None
