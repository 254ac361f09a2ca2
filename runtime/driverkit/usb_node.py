"""A node on which a driver moves its interface's data itself, as the driver host provides it.

Invariant: values and Protocols only.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from runtime.model.usb import IsochronousFrame, TransferType


class Ended(msgspec.Struct, frozen=True):
    """How a transfer ended: a kern_return_t, the bytes moved, and each isochronous frame's end."""

    status: int
    count: int
    frames: tuple[IsochronousFrame, ...] = ()


class Node(Protocol):
    """Transfers of one interface and of endpoint 0. All from any thread."""

    def transfer(
        self, kind: TransferType, address: int, memory: bytearray | memoryview, timeout_ms: int
    ) -> Ended:
        """Carry a transfer out and wait for its end; a timeout of 0 means none.

        The memory is sent or filled in place; a control transfer's begins with the SETUP packet.

        Raises:
            IOReturnError: It was not queued.
        """
        ...

    def submit(  # noqa: PLR0917 - what a transfer is, and where its end goes
        self,
        kind: TransferType,
        address: int,
        memory: bytearray | memoryview,
        done: Callable[[Ended], None],
        timeout_ms: int = 0,
        frames: Sequence[int] = (),
    ) -> None:
        """Queue a transfer; `done` is called once, on any thread, and must not wait.

        `frames` are the bytes of each frame of an isochronous one.

        Raises:
            IOReturnError: It was not queued, and `done` is not called.
        """

    def abort(self, address: int) -> None:
        """End what is queued on an endpoint with kIOReturnAborted before this returns."""

    def clear_stall(self, address: int) -> None:
        """Clear an endpoint's halt; IOReturnError."""

    def rest(self) -> None:
        """Let the device sleep; nothing can be queued meanwhile. IOReturnError."""

    def wake(self) -> None:
        """Have it awake."""

    def select(self, interface: int, alternate: int) -> None:
        """Choose the interface's alternate setting; IOReturnError."""
