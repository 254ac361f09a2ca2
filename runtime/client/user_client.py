"""A driver's service, opened: what a program calls once it is connected to its user client.

    with connect("meter") as runtime:
        with service_open(runtime, entry) as meter:
            count, = meter.call(0, scalar_outputs=1).scalars

Calls go to the driver's process directly. For programs that may wait; one thread only.
Source: IOKitUser's IOKitLib.h (IOServiceOpen, IOConnectCallMethod, IOConnectMapMemory).
Invariant: when the driver is gone, everything that waits ends at once with kIOReturnIPCError.
"""

import os
import select
import socket
import time
from collections.abc import Callable
from typing import Self

import msgspec

from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import SharedMemory
from runtime.linux.sockets import receive_bytes, receive_packet
from runtime.model.errors import BreachError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, limits
from runtime.wire import user_client as wire

_decode: codec.Decoder[wire.ToProgram] = codec.Decoder(wire.ToProgram, "packet of a driver")

_AT_ONCE = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)  # enums are slow

_Answer = wire.Returned | wire.Failed | wire.Mapped

OnCompletion = Callable[[int, tuple[int, ...]], None]
"""Of an asynchronous call: a kern_return_t and values."""


class Outputs(msgspec.Struct, frozen=True):
    """What a method returned."""

    scalars: tuple[int, ...]
    structure: bytes


class UserClient:
    """A connection to a driver's user client.

    Attributes:
        entry: The id of the user client's registry entry.
    """

    def __init__(self, sock: socket.socket, entry: int) -> None:
        """Take ownership of this program's end."""
        self.entry = entry
        self._sock = sock
        self._number = 0
        self._answers: dict[int, _Answer | None] = {}  # None: it has not come
        self._descriptors: dict[int, list[int]] = {}
        self._completions: dict[int, OnCompletion] = {}
        self._mapping = False  # descriptors are expected
        self._gone = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def fileno(self) -> int:
        """Readable when `on_readable` is to be called; -1 once closed."""
        return self._sock.fileno()

    def call(
        self,
        selector: int,
        scalars: tuple[int, ...] = (),
        structure: bytes = b"",
        *,
        scalar_outputs: int = 0,
        structure_output: int = 0,
        timeout_s: float | None = None,
    ) -> Outputs:
        """Call an external method and wait for what it returns.

        Args:
            selector: Which method.
            scalars: At most 16 numbers of 64 bits.
            structure: At most 65,536 bytes.
            scalar_outputs: How many numbers are wanted, at most 16.
            structure_output: How many bytes are taken, at most 65,536.
            timeout_s: None: as long as it takes.

        Raises:
            ReturnError: The method failed with this kern_return_t. kIOReturnIPCError: the driver
                is gone; kIOReturnTimeout: it has not answered, and what it answers is dropped;
                kIOReturnBadArgument: that is no call.
        """
        number = self.submit(
            selector,
            scalars,
            structure,
            scalar_outputs=scalar_outputs,
            structure_output=structure_output,
        )
        return self.result(number, timeout_s)

    def call_async(
        self,
        selector: int,
        on_completion: OnCompletion,
        scalars: tuple[int, ...] = (),
        structure: bytes = b"",
    ) -> None:
        """Begin an asynchronous method; `on_completion` is called once, from `on_readable`.

        When the driver is gone first, it gets kIOReturnIPCError.

        Raises:
            ReturnError: It could not begin: nothing is called. As of `call`.
        """
        completion = self._number + 1
        self._completions[completion] = on_completion
        try:
            number = self.submit(selector, scalars, structure, completion=completion)
            self.result(number)
        except ReturnError:
            self._completions.pop(completion, None)
            raise

    def submit(
        self,
        selector: int,
        scalars: tuple[int, ...] = (),
        structure: bytes = b"",
        *,
        scalar_outputs: int = 0,
        structure_output: int = 0,
        completion: int = 0,
    ) -> int:
        """Call and do not wait; `result` with this number does. Arguments as of `call`.

        `completion`, an own number, makes it asynchronous.

        Raises:
            ReturnError: kIOReturnBadArgument, kIOReturnIPCError.
        """
        number = self._number + 1
        call = wire.Invoke(
            number, selector, scalars, structure, scalar_outputs, structure_output, completion
        )
        fits = (
            len(scalars) <= wire.SCALARS
            and scalar_outputs <= wire.SCALARS
            and len(structure) <= limits.TRANSFER
            and structure_output <= limits.TRANSFER
            and not (scalars and min(scalars) < 0)
        )
        try:
            packet = codec.encode(call) if fits else b""
        except OverflowError:  # more than 64 bits
            packet = b""
        if not packet:
            raise ReturnError(
                IOReturn.BAD_ARGUMENT,
                f"call: expected at most {wire.SCALARS} numbers of 64 bits and {limits.TRANSFER} "
                "bytes each way, found more",
            )
        self._number = number
        self._answers[number] = None
        self._send(packet)
        return number

    def result(self, number: int, timeout_s: float | None = None) -> Outputs:
        """Wait for what a submitted call returns.

        Raises:
            ReturnError: As of `call`.
        """
        answer = self._answer(number, timeout_s)
        if isinstance(answer, wire.Returned):
            return Outputs(answer.scalars, answer.structure)
        raise self._failed(answer, "Returned")

    def map_memory(self, type_: int) -> memoryview:
        """The driver's memory of a type, which both see; let go with the last view of it.

        Raises:
            ReturnError: The driver refused, or shared what is no memory (kIOReturnIPCError).
        """
        answer, descriptors = self._map(type_)
        try:
            memory = SharedMemory.adopt(descriptors[0], writable=not answer.read_only)
        except BreachError as error:
            raise self._spoilt(str(error)) from error
        return memory.mapped[answer.offset : answer.offset + answer.length]

    def map_queue(self, type_: int) -> DataQueue:
        """The driver's data queue of a type; the caller's to close.

        Raises:
            ReturnError: As of `map_memory`.
        """
        _, descriptors = self._map(type_, 2)
        sock = socket.socket(fileno=descriptors[1])
        try:
            return DataQueue(SharedMemory.adopt(descriptors[0]), sock)
        except BreachError as error:
            sock.close()
            raise self._spoilt(str(error)) from error

    def on_readable(self) -> None:
        """Take what has come, and call the callbacks of what has ended; never waits."""
        while not self._gone and self._receive(socket.MSG_DONTWAIT):
            pass

    def close(self) -> None:
        """Close the user client; the driver's `Stop` follows. Idempotent."""
        self._end("it was closed by this program")

    # ---------------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._number += 1
        self._answers[self._number] = None
        return self._number

    def _map(self, type_: int, count: int = 1) -> tuple[wire.Mapped, list[int]]:
        number = self._next()
        self._mapping = True
        try:
            self._send(codec.encode(wire.MapMemory(number, type_)))
            answer = self._answer(number, None)
        finally:
            self._mapping = False
        descriptors = self._descriptors.pop(number, [])
        if isinstance(answer, wire.Mapped) and len(descriptors) == count:
            return answer, descriptors
        _close(descriptors)
        raise self._failed(answer, f"Mapped with {count} descriptors")

    def _send(self, packet: bytes) -> None:
        while not self._gone:
            try:
                self._sock.send(packet, _AT_ONCE)
            except BlockingIOError:
                # It may wait for us to read what it has answered.
                select.select([self._sock], [self._sock], [])
                self.on_readable()
            except OSError:
                self.on_readable()  # what it said before it went
                self._end("the driver has gone")
            else:
                return
        raise ReturnError(IOReturn.IPC_ERROR, self._gone)

    def _answer(self, number: int, timeout_s: float | None) -> _Answer:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (answer := self._answers.get(number)) is None:
            if number not in self._answers:
                raise ReturnError(IOReturn.IPC_ERROR, self._gone or f"call {number} was not made")
            if deadline is not None:
                left = max(0.0, deadline - time.monotonic())
                if not select.select([self._sock], [], [], left)[0]:
                    del self._answers[number]
                    raise ReturnError(IOReturn.TIMEOUT, f"no answer within {timeout_s} s")
            self._receive(0)
        del self._answers[number]
        return answer

    def _receive(self, flags: int) -> bool:
        """Receive one packet; False when there is none."""
        try:
            descriptors: list[int] = []
            if self._mapping:
                packet, descriptors = receive_packet(self._sock, 2, flags)
            else:
                packet = receive_bytes(self._sock, flags)
            if packet:
                self._take(_decode(packet), descriptors)
            else:
                self._end("the driver has gone")
        except BlockingIOError:
            return False
        except BreachError as error:
            self._end(str(error))
        except OSError as error:
            self._end(f"the driver has gone: {error.strerror}")
        return True

    def _take(self, message: wire.ToProgram, descriptors: list[int]) -> None:
        if not isinstance(message, _Answer):
            _close(descriptors)
            on_completion = self._completions.pop(message.completion, None)
            if on_completion is not None:
                on_completion(message.status, message.values)
        elif message.number not in self._answers:
            _close(descriptors)  # nobody waits for it any more
        else:
            self._answers[message.number] = message
            if descriptors:
                self._descriptors[message.number] = descriptors

    def _failed(self, answer: _Answer, wanted: str) -> ReturnError:
        if isinstance(answer, wire.Failed):
            return ReturnError(answer.code, answer.text)
        return self._spoilt(f"answer: expected {wanted}, found {type(answer).__name__}")

    def _spoilt(self, what: str) -> ReturnError:
        self._end(what)
        return ReturnError(IOReturn.IPC_ERROR, what)

    def _end(self, why: str) -> None:
        if self._gone:
            return
        self._gone = why
        self._sock.close()
        self._answers = {each: answer for each, answer in self._answers.items() if answer}
        for descriptors in self._descriptors.values():
            _close(descriptors)
        self._descriptors.clear()
        waiting, self._completions = self._completions, {}
        for on_completion in waiting.values():
            on_completion(IOReturn.IPC_ERROR, ())


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
