"""One program at a user client: its calls, their results and completions.

Calls run on the queue that the user client names for them, one after the other.
Invariant: the program is gone once, and everything that it waits for with it.
"""

import os
import socket
from collections.abc import Callable

from runtime.driverkit.action import OSAction
from runtime.driverkit.data_queue import IODataQueueDispatchSource
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.memory import kIOMemoryMapReadOnly
from runtime.driverkit.user_client import (
    IOUserClient,
    IOUserClientMethodArguments,
    kIOUserClientQueueNameExternalMethod,
)
from runtime.host.link import Link
from runtime.model.errors import BreachError
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, limits
from runtime.wire import user_client as wire

_decode: codec.Decoder[wire.FromProgram] = codec.Decoder(wire.FromProgram, "packet of a program")


class ProgramLink(Link):
    """Serves one program.

    Args:
        sock: The driver's end; owned from now on.
        client: Whom it calls.
        gone: Called once, on the queue: empty, or what the program did wrong.
    """

    WHAT = "ExternalMethod"

    def __init__(
        self,
        sock: socket.socket,
        client: IOUserClient,
        gone: Callable[[str], None],
    ) -> None:
        super().__init__(sock, gone)
        self._client = client
        self._open: dict[int, OSAction] = {}

    def complete(self, completion: int, status: int, values: tuple[int, ...]) -> None:
        """See `runtime.driverkit.user_client.Program.complete`."""
        if len(values) > wire.ASYNC_VALUES or not all(0 <= value < 1 << 64 for value in values):
            raise IOReturnError(
                IOReturn.BAD_ARGUMENT, f"asyncData: expected 16 numbers of 64 bits, found {values}"
            )
        if self._open.pop(completion, None) is not None:
            self._send(codec.encode(wire.Completed(completion, status, values)))

    def _queue(self) -> IODispatchQueue:
        return self._client.CopyDispatchQueue(kIOUserClientQueueNameExternalMethod)

    def _take(self, packet: bytes) -> None:
        message = _decode(packet)
        try:
            if isinstance(message, wire.Invoke):
                self._send(codec.encode(self._invoke(message)))
            else:
                mapped, descriptors = self._map(message)
                self._send(codec.encode(mapped), descriptors)
        except IOReturnError as error:
            failed = wire.Failed(message.number, error.code, error.text[: limits.TEXT])
            self._send(codec.encode(failed))

    def _invoke(self, call: wire.Invoke) -> wire.Returned:
        selector = call.selector
        arguments = IOUserClientMethodArguments(
            selector,
            self._completion(call) if call.completion else None,
            call.scalars,
            call.structure,
            call.scalar_outputs,
            call.structure_output,
        )
        try:
            self._client.ExternalMethod(selector, arguments)
            return _returned(call, arguments)
        except IOReturnError:
            self._open.pop(call.completion, None)
            raise

    def _completion(self, call: wire.Invoke) -> OSAction:
        if call.completion in self._open:
            raise BreachError(f"program: expected a free completion, found {call.completion}")
        if len(self._open) >= limits.OUTSTANDING:
            raise IOReturnError(
                IOReturn.NO_RESOURCES, f"{limits.OUTSTANDING} asynchronous calls have not ended"
            )
        action = self._client.CreateAction(self._client.CompleteAsync, call.completion)
        self._open[call.completion] = action
        return action

    def _map(self, wanted: wire.MapMemory) -> tuple[wire.Mapped, tuple[int, ...]]:
        options, memory = self._client.CopyClientMemoryForType(wanted.type)
        if isinstance(memory, IODataQueueDispatchSource):
            shared, end = memory.share()
            return wire.Mapped(wanted.number, 0, 0), (os.dup(shared), end)
        descriptor, offset, length = memory.share(options)
        read_only = bool(options & kIOMemoryMapReadOnly)
        return wire.Mapped(wanted.number, offset, length, read_only), (os.dup(descriptor),)

    def _abandoned(self) -> None:
        waiting, self._open = self._open, {}
        for action in waiting.values():
            action.Aborted()


def _returned(call: wire.Invoke, arguments: IOUserClientMethodArguments) -> wire.Returned:
    scalars, structure = tuple(arguments.scalarOutput), bytes(arguments.structureOutput)
    if len(scalars) > call.scalar_outputs or len(structure) > call.structure_output:
        raise IOReturnError(
            IOReturn.MESSAGE_TOO_LARGE,
            f"selector {call.selector}: expected at most {call.scalar_outputs} numbers and "
            f"{call.structure_output} bytes, found {len(scalars)} and {len(structure)}",
        )
    return wire.Returned(call.number, scalars, structure)
