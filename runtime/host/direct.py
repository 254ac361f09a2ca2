"""The fast path of a driver of a USB interface: URBs on a node of its own, reaped in its process.

Whoever waits for a transfer reaps for everybody; for asynchronous ones a thread does, which runs
only while there are any. `done` is called with the lock held, so it only posts to a queue.
Source: linux/usbdevice_fs.h. Invariant: every transfer that was queued ends exactly once, those
of one endpoint in the order in which they were queued.
"""

import errno
import itertools
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from runtime.linux.usbfs import Reaped, UrbType, Usbfs

Done = Callable[[Reaped, bool], None]
"""Called with how a URB ended, and whether it was ended because it was too late."""


class Io(NamedTuple):
    """A transfer: where it goes, the memory that it sends or fills, when it is too late (0: never).

    `packets` are the lengths of an isochronous one's.
    """

    kind: UrbType
    address: int
    memory: bytearray | memoryview
    timeout_ms: int = 0
    packets: Sequence[int] = ()


class DirectNode:
    """An open node whose only interface is this driver's.

    Args:
        fd: Owned from now on.
        die: Ends the process for an exception in the thread.
    """

    def __init__(self, fd: int, die: Callable[[BaseException], object]) -> None:
        self._fd = fd
        self._usbfs = Usbfs(fd)
        self._die = die
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._open: dict[int, _Transfer] = {}
        self._asynchronous = 0
        self._gone = False
        self._wake = -1
        self._waiters = threading.local()

    def submit(self, io: Io, done: Done) -> None:
        """Queue a transfer and return. Any thread.

        Raises:
            OSError: It was not queued, and does not end.
        """
        with self._lock:
            self._queue(io, done, waited=False)
            self._asynchronous += 1
            first = self._asynchronous == 1 or io.timeout_ms
            if self._wake < 0:
                self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
                threading.Thread(target=self._serve, name="USB", daemon=True).start()
        if first:
            os.eventfd_write(self._wake, 1)

    def transfer(self, io: Io) -> tuple[Reaped, bool]:
        """Carry a transfer out and wait for its end; see `Done`. Any thread.

        Raises:
            OSError: It was not queued.
        """
        waiter = self._waiter()
        ends: list[tuple[Reaped, bool]] = []

        def done(reaped: Reaped, late: bool) -> None:
            ends.append((reaped, late))
            if threading.get_ident() != waiter.thread:
                os.eventfd_write(waiter.wake, 1)

        with self._lock:
            transfer = self._queue(io, done, waited=True)
        while not ends:
            waiter.wait(transfer.remaining_ms())
            with self._lock:
                self._expire()
                self._reap()
        return ends[0]

    def abort(self, address: int) -> None:
        """End what is queued on an endpoint; all of it has ended when this returns."""
        with self._lock:
            urbs = [urb for urb, each in self._open.items() if each.address == address]
            for urb in reversed(urbs):  # so that none moves up and begins meanwhile
                self._usbfs.discard(urb)
            self._reap()

    def clear_halt(self, address: int) -> None:
        """Clear an endpoint's halt; OSError."""
        self._usbfs.clear_halt(address)

    def set_interface(self, interface: int, alternate: int) -> None:
        """Choose the interface's alternate setting; OSError."""
        self._usbfs.set_interface(interface, alternate)

    def _queue(self, io: Io, done: Done, *, waited: bool) -> "_Transfer":
        if self._gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        urb = self._usbfs.submit(io.kind, io.address, io.memory, io.packets)
        deadline = time.monotonic() + io.timeout_ms / 1000 if io.timeout_ms else 0.0
        transfer = _Transfer(next(self._numbers), io.address, done, deadline, waited=waited)
        self._open[urb] = transfer
        return transfer

    def _reap(self) -> None:
        """Take what has ended; what was aborted together ends in the order of its queue."""
        ended: list[tuple[_Transfer, Reaped]] = []
        try:
            while (reaped := self._usbfs.reap()) is not None:
                ended.append((self._open.pop(reaped.urb), reaped))
        except OSError:
            self._gone = True  # ENODEV: unplugged, and every URB was reaped
        discarded = [end for end in ended if end[1].status == -errno.ENOENT]
        discarded.sort(key=lambda end: end[0].number)
        for transfer, reaped in ended:
            if reaped.status == -errno.ENOENT:
                self._end(*discarded.pop(0))
            else:
                self._end(transfer, reaped)

    def _end(self, transfer: "_Transfer", reaped: Reaped) -> None:
        if not transfer.waited:
            self._asynchronous -= 1
        transfer.done(reaped, transfer.late)

    def _expire(self) -> None:
        now = time.monotonic()
        for urb, transfer in tuple(self._open.items()):
            if transfer.deadline and transfer.deadline <= now and not transfer.late:
                transfer.late = True
                self._usbfs.discard(urb)

    def _waiter(self) -> "_Waiter":
        waiter: _Waiter | None = getattr(self._waiters, "mine", None)
        if waiter is None:
            waiter = self._waiters.mine = _Waiter(self._fd)
        return waiter

    def _serve(self) -> None:
        """Reap while there are asynchronous transfers; sleep while there are none."""
        try:
            busy, idle = select.poll(), select.poll()
            busy.register(self._fd, select.POLLOUT)
            for poll in (busy, idle):
                poll.register(self._wake, select.POLLIN)
            while not self._gone:
                with self._lock:
                    poll = busy if self._asynchronous else idle
                    soonest = min(
                        (each.remaining_ms() or 0 for each in self._timed()), default=None
                    )
                if (self._wake, select.POLLIN) in poll.poll(soonest):
                    os.eventfd_read(self._wake)
                with self._lock:
                    self._expire()
                    self._reap()
        except BaseException as error:  # noqa: BLE001 - the edge of the process
            self._die(error)

    def _timed(self) -> "list[_Transfer]":
        return [
            each for each in self._open.values() if each.deadline and not each.late | each.waited
        ]


class _Transfer:
    """One that is queued."""

    def __init__(
        self, number: int, address: int, done: Done, deadline: float, *, waited: bool
    ) -> None:
        self.number = number
        self.address = address
        self.done = done
        self.deadline = deadline  # of the monotonic clock, in seconds; 0: none
        self.waited = waited
        self.late = False

    def remaining_ms(self) -> int | None:
        """Until it is too late; None: never."""
        if not self.deadline or self.late:
            return None
        return max(0, int((self.deadline - time.monotonic()) * 1000) + 1)


class _Waiter:
    """What one thread waits with, for URBs and for another thread that reaped its own."""

    def __init__(self, fd: int) -> None:
        self.thread = threading.get_ident()
        self.wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._poll.register(self.wake, select.POLLIN)

    def wait(self, timeout_ms: int | None) -> None:
        """Wait until a URB may have ended."""
        if (self.wake, select.POLLIN) in self._poll.poll(timeout_ms):
            os.eventfd_read(self.wake)

    def __del__(self) -> None:
        os.close(self.wake)
