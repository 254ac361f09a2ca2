"""How a pipe's bytes move, and the way on a node of our own; `usb_mediated` is the other one.

Invariant: a driver cannot tell one from the other, except by the time that it takes.
"""

import functools
import struct
import time
from typing import Protocol

from runtime.driverkit.action import OSAction
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnAborted,
    kIOReturnBadArgument,
    kIOReturnNoDevice,
    kIOReturnNotFound,
    kIOReturnOffline,
)
from runtime.driverkit.usb_backlog import Done
from runtime.driverkit.usb_node import Ended, Node
from runtime.model.usb import EndpointDescriptor, TransferType

SETUP = struct.Struct("<BBHHH")
GONE = (kIOReturnAborted, kIOReturnNoDevice, kIOReturnOffline)
"""Codes of a device that was unplugged, or of a provider that cannot be reached any more."""


class Path(Protocol):
    """One pipe's bytes on their way. `memory` is sent or filled."""

    def endpoint(self) -> EndpointDescriptor:
        """The endpoint's descriptor; IOReturnError."""
        ...

    def io(self, memory: memoryview, timeout_ms: int) -> int:
        """One transfer, waited for; the bytes moved. IOReturnError."""
        ...

    def queue(self, memory: memoryview, action: OSAction, done: Done, timeout_ms: int) -> None:
        """Queue one transfer; IOReturnError: it was not queued."""

    def queue_frames(
        self, memory: memoryview, frames: tuple[int, ...], action: OSAction, done: Done
    ) -> None:
        """Queue one isochronous transfer; IOReturnError: it was not queued."""

    def abort(self) -> None:
        """End what is queued."""

    def clear_stall(self) -> None:
        """Clear the endpoint's halt."""

    def close(self) -> None:
        """Take no more; what is queued ends."""


class DirectPath:
    """On a node of this process: no copy, no message."""

    def __init__(self, node: Node, endpoint: EndpointDescriptor) -> None:
        self._node = node
        self._endpoint = endpoint
        self._address = endpoint.address
        self._kind = endpoint.transfer_type
        self._isochronous = self._kind is TransferType.ISOCHRONOUS
        self._closed = False

    def endpoint(self) -> EndpointDescriptor:
        """See `Path.endpoint`."""
        return self._endpoint

    def close(self) -> None:
        """See `Path.close`."""
        self._closed = True
        self._node.abort(self._address)

    def io(self, memory: memoryview, timeout_ms: int) -> int:
        """See `Path.io`."""
        self._require(isochronous=False)
        ended = self._node.transfer(self._kind, self._address, memory, timeout_ms)
        if ended.status:
            raise IOReturnError(ended.status)
        return ended.count

    def queue(self, memory: memoryview, action: OSAction, done: Done, timeout_ms: int) -> None:
        """See `Path.queue`."""
        self._require(isochronous=False)
        self._submit(memory, action, done, timeout_ms, ())

    def queue_frames(
        self, memory: memoryview, frames: tuple[int, ...], action: OSAction, done: Done
    ) -> None:
        """See `Path.queue_frames`."""
        self._require(isochronous=True)
        self._submit(memory, action, done, 0, frames)

    def abort(self) -> None:
        """See `Path.abort`."""
        self._node.abort(self._address)

    def clear_stall(self) -> None:
        """See `Path.clear_stall`."""
        self._node.clear_stall(self._address)

    def _submit(
        self,
        memory: memoryview,
        action: OSAction,
        done: Done,
        timeout_ms: int,
        frames: tuple[int, ...],
    ) -> None:
        queue, name = action.queue, action.name

        def over(ended: Ended) -> None:
            queue.post(name, functools.partial(done, ended, time.monotonic_ns()))

        try:
            self._node.submit(self._kind, self._address, memory, over, timeout_ms, frames)
        except IOReturnError as error:
            if error.code not in GONE:
                raise
            over(Ended(error.code, 0))

    def _require(self, *, isochronous: bool) -> None:
        if self._closed:
            raise closed()
        if self._isochronous is not isochronous:
            text = f"transfer: the pipe is of type {self._kind.name.lower()}"
            raise IOReturnError(kIOReturnBadArgument, text)


def closed() -> IOReturnError:
    """What is raised on a pipe that was closed."""
    return IOReturnError(kIOReturnNotFound, "the pipe was closed")
