"""Calls in both directions between the runtime and one driver process.

The runtime's own calls (Start, Stop) wait here for their reply; the driver's calls to its
provider run as tasks and are answered in the order in which they end.
Invariant: every call of a driver is answered at most once, none after the process is gone.
"""

import asyncio
import itertools
from collections.abc import Callable

import msgspec

from runtime.model.errors import BreachError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.supervisor.ports import ProviderSession
from runtime.supervisor.process import DriverProcess
from runtime.wire import codec, limits, methods
from runtime.wire import driver as wire

OnReply = Callable[[], None]
OnFail = Callable[[int, str], None]


class Calls:
    """Open calls of one process."""

    def __init__(self, process: DriverProcess) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[OnReply, OnFail]] = {}
        self._serving: dict[int, asyncio.Task[None]] = {}

    def ask(self, method: methods.Start | methods.Stop, on_reply: OnReply, on_fail: OnFail) -> None:
        """Call the driver's service; one of the callbacks follows unless the process ends."""
        number = next(self._numbers)
        self._asked[number] = (on_reply, on_fail)
        self._process.send(wire.Call(number, 0, method))

    def replied(self, reply: wire.Reply) -> None:
        """Take a reply; BreachError when it answers no open call."""
        self._pop(reply.number)[0]()

    def failed(self, fail: wire.Fail) -> None:
        """Take a failure; BreachError when it answers no open call."""
        self._pop(fail.number)[1](fail.code, fail.text)

    def serve(self, call: wire.Call, session: ProviderSession) -> None:
        """Carry out a driver's call on its provider.

        Raises:
            BreachError: Its number is in use, or too many are open.
        """
        if call.number in self._serving or len(self._serving) >= limits.OUTSTANDING:
            raise BreachError(f"driver: expected a free call number, found {call.number}")
        loop = asyncio.get_running_loop()
        self._serving[call.number] = loop.create_task(self._run(call, session))

    def answer(self, call: wire.Call, result: object) -> None:
        """Reply to a driver's call."""
        self._process.send(wire.Reply(call.number, msgspec.Raw(codec.encode(result))))

    def close(self) -> None:
        """The process is gone: forget what is open."""
        for task in self._serving.values():
            task.cancel()
        self._serving.clear()
        self._asked.clear()

    async def _run(self, call: wire.Call, session: ProviderSession) -> None:
        try:
            result = await session.call(call.target, call.method)
        except ReturnError as error:
            self._process.send(wire.Fail(call.number, error.code, error.text[: limits.TEXT]))
        except asyncio.CancelledError:
            self._process.send(wire.Fail(call.number, int(IOReturn.ABORTED)))
            raise
        else:
            self.answer(call, result)
        finally:
            self._serving.pop(call.number, None)

    def _pop(self, number: int) -> tuple[OnReply, OnFail]:
        try:
            return self._asked.pop(number)
        except KeyError:
            raise BreachError(
                f"driver: expected a reply to an open call, found number {number}"
            ) from None
