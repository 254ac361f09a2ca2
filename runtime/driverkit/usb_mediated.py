"""A pipe's bytes on their way through the device's broker, in messages or in shared memory.

Invariant: a part of the shared memory is free again when its transfer has ended.
"""

import functools
import time
from collections.abc import Callable

from runtime.driverkit.action import OSAction
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.transport import Transport, invoke
from runtime.driverkit.usb_backlog import Backlog, Done
from runtime.driverkit.usb_memory import TransferMemory
from runtime.driverkit.usb_node import Ended
from runtime.driverkit.usb_paths import GONE, closed
from runtime.model.usb import EndpointDescriptor
from runtime.wire import methods, usb
from runtime.wire.limits import TRANSFER


class MediatedPath:
    """Through the broker: a copy and two messages a transfer."""

    def __init__(
        self, transport: Transport, handle: int, address: int, shared: TransferMemory
    ) -> None:
        self._transport = transport
        self._shared = shared
        self._handle = handle
        self._reads = bool(address & 0x80)
        self._closed = False
        self._backlog = Backlog(self._begin)

    def close(self) -> None:
        """See `Path.close`; its broker ends what is queued."""
        self._closed = True

    def endpoint(self) -> EndpointDescriptor:
        """See `Path.endpoint`."""
        return invoke(self._transport, self._handle, methods.GetDescriptors(), EndpointDescriptor)

    def io(self, memory: memoryview, timeout_ms: int) -> int:
        """See `Path.io`; what is too long for a message moves in parts, until one is short."""
        moved = 0
        while True:
            part = memory[moved : moved + TRANSFER]
            at = self._shared.take(len(part))
            count = self._inside(part, timeout_ms) if at is None else self._at(at, part, timeout_ms)
            moved += count
            if count < len(part) or moved == len(memory):
                return moved

    def _inside(self, part: memoryview, timeout_ms: int) -> int:
        """One whose bytes are in its messages."""
        sent = b"" if self._reads else bytes(part)
        method = methods.PipeIO(len(part), sent, timeout_ms)
        result = invoke(self._transport, self._handle, method, bytes)
        if not self._reads:
            return int.from_bytes(result, "little")
        part[: len(result)] = result
        return len(result)

    def _at(self, at: int, part: memoryview, timeout_ms: int) -> int:
        """One whose bytes are in shared memory."""
        shared = self._shared.part(at, len(part))
        try:
            if not self._reads:
                shared[:] = part
            method = methods.PipeIO(len(part), b"", timeout_ms, at)
            count = int.from_bytes(invoke(self._transport, self._handle, method, bytes), "little")
            if self._reads:
                part[:count] = shared[:count]
            return count
        finally:
            self._shared.give(at)

    def queue(self, memory: memoryview, action: OSAction, done: Done, timeout_ms: int) -> None:
        """See `Path.queue`."""
        self._require_open()
        self._backlog.queue(memory, action, done, timeout_ms)

    def _begin(self, memory: memoryview, action: OSAction, done: Done, timeout_ms: int) -> None:
        at = self._shared.take(len(memory))
        if at is not None:
            self._begin_at(at, memory, action, done, timeout_ms)
            return
        sent = b"" if self._reads else bytes(memory)

        def over(end: methods.Completion) -> None:
            if isinstance(end, methods.CompleteAsyncIO):
                memory[: len(end.data)] = end.data
                done(Ended(end.status, end.count), end.timestamp_ns)

        def ask(number: int) -> None:
            method = methods.AsyncIO(number, len(memory), sent, timeout_ms)
            self._transport.begin(self._handle, method)

        self._ask(action, over, ask)

    def _begin_at(
        self, at: int, memory: memoryview, action: OSAction, done: Done, timeout_ms: int
    ) -> None:
        shared = self._shared.part(at, len(memory))
        if not self._reads:
            shared[:] = memory

        def over(end: methods.Completion) -> None:
            if isinstance(end, methods.CompleteAsyncIO):
                if self._reads:
                    memory[: end.count] = shared[: end.count]
                self._shared.give(at)
                done(Ended(end.status, end.count), end.timestamp_ns)

        def ask(number: int) -> None:
            method = methods.AsyncIO(number, len(memory), b"", timeout_ms, at)
            self._transport.begin(self._handle, method)

        try:
            self._ask(action, over, ask)
        except IOReturnError:
            self._shared.give(at)
            raise

    def queue_frames(
        self, memory: memoryview, frames: tuple[int, ...], action: OSAction, done: Done
    ) -> None:
        """See `Path.queue_frames`."""
        self._require_open()
        sent = b"" if self._reads else bytes(memory)

        def over(end: methods.Completion) -> None:
            if isinstance(end, usb.CompleteIsochIO):
                memory[: len(end.data)] = end.data
                count = sum(frame.count for frame in end.frames)
                done(Ended(end.status, count, end.frames), end.timestamp_ns)
            elif isinstance(end, methods.CompleteAsyncIO):  # the provider was lost
                done(Ended(end.status, 0), end.timestamp_ns)

        def ask(number: int) -> None:
            invoke(self._transport, self._handle, usb.IsochIO(number, frames, sent), type(None))

        self._ask(action, over, ask)

    def abort(self) -> None:
        """See `Path.abort`."""
        dropped = self._backlog.drop()
        try:
            invoke(self._transport, self._handle, methods.Abort(), type(None))
        finally:
            for end in dropped:
                end()

    def clear_stall(self) -> None:
        """See `Path.clear_stall`."""
        invoke(self._transport, self._handle, methods.ClearStall(), type(None))

    def _require_open(self) -> None:
        if self._closed:
            raise closed()

    def _ask(
        self,
        action: OSAction,
        over: Callable[[methods.Completion], None],
        ask: Callable[[int], None],
    ) -> None:
        number = self._transport.expect(action.name, action.queue, over)
        try:
            ask(number)
        except IOReturnError as error:
            self._transport.forget(number)
            if error.code not in GONE:
                raise
            # It came too late: it ends as everything does that was queued in time.
            end = methods.CompleteAsyncIO(error.code, 0, time.monotonic_ns())
            action.queue.post(action.name, functools.partial(over, end))
