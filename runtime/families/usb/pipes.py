"""What one driver process may do with one pipe of its interface.

Runs in the event loop of the device's broker.
Invariant: every queued transfer completes exactly once, in the order in which it was queued.
"""

import time
from collections.abc import Callable

from runtime.families.provider import Answer, Complete
from runtime.families.usb.outstanding import Outstanding
from runtime.families.usb.provider import End, Transfer, UsbPipe
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import TransferType
from runtime.wire import limits, methods, usb


class PipeCalls:
    """One driver process at one pipe.

    Args:
        pipe: What moves the bytes.
        complete: Where completions go.
        outstanding: What the process has under way.
    """

    def __init__(self, pipe: UsbPipe, complete: Complete, outstanding: Outstanding) -> None:
        self._pipe = pipe
        self._reads = pipe.endpoint.is_input
        self._isochronous = pipe.endpoint.transfer_type is TransferType.ISOCHRONOUS
        self._complete = complete
        self._outstanding = outstanding

    def begin(self, method: methods.Method, answer: Answer) -> None:
        """Carry out one method; ReturnError when it fails at once, or is none of a pipe."""
        result: object = None
        match method:
            case methods.PipeIO():
                self._transfer(method, answer)
                return
            case methods.AsyncIO():
                self._queue(method)
            case methods.GetDescriptors():
                result = self._pipe.endpoint
            case usb.IsochIO():
                self._queue_frames(method)
            case methods.Abort():
                self.abort()
            case methods.ClearStall():
                self._pipe.clear_stall()
            case _:
                raise ReturnError(
                    IOReturn.UNSUPPORTED, f"{type(method).__name__} is no method of a USB pipe"
                )
        answer(result)

    def abort(self) -> None:
        """End what is queued; its completions come before this returns."""
        self._pipe.abort()

    def _queue(self, method: methods.AsyncIO) -> None:
        def done(end: End) -> None:
            now = time.monotonic_ns()
            completion = methods.CompleteAsyncIO(end.status, end.count, now, end.data)
            self._complete(method.action, completion)

        self._begin(method, done)

    def _transfer(self, method: methods.PipeIO, answer: Answer) -> None:
        def done(end: End) -> None:
            if end.status:
                answer(ReturnError(end.status))
            else:
                inside = self._reads and method.at is None
                answer(end.data if inside else end.count.to_bytes(4, "little"))

        self._begin(method, done)

    def _begin(self, method: methods.AsyncIO | methods.PipeIO, done: Callable[[End], None]) -> None:
        self._require(isochronous=False)
        length, memory = _length(method.length), None
        if method.at is not None:
            memory = self._outstanding.memory.part(method.at, length)
        self._submit(length, method.data, done, timeout_ms=method.timeout_ms, memory=memory)

    def _queue_frames(self, method: usb.IsochIO) -> None:
        def done(end: End) -> None:
            completion = usb.CompleteIsochIO(end.status, end.frames, time.monotonic_ns(), end.data)
            self._complete(method.action, completion)

        self._require(isochronous=True)
        length = _length(sum(method.frames))
        if not method.frames or (not self._reads and length != len(method.data)):
            raise ReturnError(
                IOReturn.BAD_ARGUMENT,
                f"frames: expected one at least, as long as the data, found {length} bytes in them",
            )
        self._submit(length, method.data, done, frames=method.frames)

    def _require(self, *, isochronous: bool) -> None:
        if self._isochronous is not isochronous:
            kind = self._pipe.endpoint.transfer_type
            words = "an isochronous pipe" if isochronous else "a bulk or interrupt pipe"
            text = f"transfer: expected {words}, found one of type {kind.name.lower()}"
            raise ReturnError(IOReturn.UNSUPPORTED, text)

    def _submit(
        self,
        length: int,
        data: bytes,
        done: Callable[[End], None],
        *,
        timeout_ms: int = 0,
        frames: tuple[int, ...] = (),
        memory: memoryview | None = None,
    ) -> None:
        def over(end: End) -> None:
            self._outstanding.count(-1)
            done(end)

        self._outstanding.count(1)
        try:
            self._pipe.submit(Transfer(length, data, over, frames, memory), timeout_ms)
        except ReturnError:
            self._outstanding.count(-1)
            raise


def _length(length: int) -> int:
    if length > limits.TRANSFER:
        raise ReturnError(
            IOReturn.BAD_ARGUMENT,
            f"transfer: expected at most {limits.TRANSFER} bytes, found {length}",
        )
    return length
