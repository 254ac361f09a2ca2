"""The fast path of a driver of a USB interface: URBs on a node of its own, reaped in its process.

Whoever waits for a transfer reaps for everybody; for asynchronous ones a thread does, which waits
for URBs only while there are any. `done` is called with the lock held, so it only posts.
Source: linux/usbdevice_fs.h. Invariant: every transfer that was queued ends exactly once, those
of one endpoint in the order in which they were queued.
"""

import contextlib
import errno
import itertools
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.usb_node import Ended
from runtime.host.activity import calling
from runtime.linux.usbfs import Reaped, UrbType, Usbfs
from runtime.linux.usbfs_status import refusal, refusals, status_of
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import IsochronousFrame, TransferType

_KINDS = {kind: UrbType[kind.name] for kind in TransferType}

Memory = bytearray | memoryview


class _Transfer(msgspec.Struct):
    """One that is queued. `deadline`: of the monotonic clock, in seconds; 0: none."""

    number: int
    address: int
    done: Callable[[Ended], None]
    deadline: float
    waited: bool
    late: bool = False

    def remaining_ms(self) -> int | None:
        """Until it is too late; None: never."""
        if not self.deadline or self.late:
            return None
        return max(0, int((self.deadline - time.monotonic()) * 1000) + 1)


_End = tuple[_Transfer, Reaped]


class DirectNode:
    """A `runtime.driverkit.usb_node.Node`, on an open node whose only interface is this driver's.

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
        self._asynchronous = 0  # of the open ones
        self._timed = 0  # of the open ones
        self._gone = False
        self._closed = False
        self._over = IOReturn.NO_DEVICE  # what is asked of it when it is gone
        self._wake = -1
        self._thread: threading.Thread | None = None
        self._waiters = threading.local()

    def transfer(self, kind: TransferType, address: int, memory: Memory, timeout_ms: int) -> Ended:
        """See `Node.transfer`."""
        waiter = self._waiter()
        with self._lock:
            transfer = self._queue(kind, address, memory, waiter.done, timeout_ms)
        with waiter.calling:
            while (ended := waiter.ended) is None:
                waiter.wait(transfer.remaining_ms() if timeout_ms else None)
                with self._lock:
                    if timeout_ms:
                        self._expire()
                    self._reap()
        waiter.ended = None
        return ended

    def submit(  # noqa: PLR0917 - see `Node.submit`
        self,
        kind: TransferType,
        address: int,
        memory: Memory,
        done: Callable[[Ended], None],
        timeout_ms: int = 0,
        frames: Sequence[int] = (),
    ) -> None:
        """See `Node.submit`."""
        with self._lock:
            self._queue(kind, address, memory, done, timeout_ms, frames, waited=False)
            self._asynchronous += 1
            if self._wake < 0:
                self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
                self._thread = threading.Thread(target=self._serve, name="USB", daemon=True)
                self._thread.start()
            if self._asynchronous == 1 or timeout_ms:
                os.eventfd_write(self._wake, 1)

    def abort(self, address: int) -> None:
        """See `Node.abort`."""
        with self._lock:
            urbs = [urb for urb, each in self._open.items() if each.address == address]
            for urb in reversed(urbs):  # so that none moves up and begins meanwhile
                self._usbfs.discard(urb)
            self._reap()

    def clear_stall(self, address: int) -> None:
        """See `Node.clear_stall`."""
        with calling(), self._asked(address):
            self._usbfs.clear_halt(address)

    def rest(self) -> None:
        """See `Node.rest`."""
        with self._asked(0):
            self._usbfs.allow_suspend()

    def wake(self) -> None:
        """See `Node.wake`."""
        with calling(), contextlib.suppress(OSError):  # it is gone
            self._usbfs.forbid_suspend()

    def select(self, interface: int, alternate: int) -> None:
        """See `Node.select`."""
        with calling(), self._asked(0):
            self._usbfs.set_interface(interface, alternate)

    def close(self, status: IOReturn = IOReturn.ABORTED) -> None:
        """End what is queued with a status, and let go of the interface; idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed, self._over = True, status
            for urb in reversed(tuple(self._open)):
                self._usbfs.discard(urb)
            self._reap()
            self._gone = True
        if self._thread is None or not self._thread.is_alive():
            os.close(self._fd)
        else:
            os.eventfd_write(self._wake, 1)

    def _queue(  # noqa: PLR0917 - see `Node.submit`
        self,
        kind: TransferType,
        address: int,
        memory: Memory,
        done: Callable[[Ended], None],
        timeout_ms: int,
        frames: Sequence[int] = (),
        *,
        waited: bool = True,
    ) -> _Transfer:
        if self._gone:
            raise IOReturnError(self._over)
        try:
            urb = self._usbfs.submit(_KINDS[kind], address, memory, frames)
        except OSError as error:
            refused = refusal(f"endpoint {address:#04x}", error)
            raise IOReturnError(refused.code, refused.text) from error
        deadline = time.monotonic() + timeout_ms / 1000 if timeout_ms else 0.0
        transfer = _Transfer(next(self._numbers), address, done, deadline, waited)
        self._open[urb] = transfer
        self._timed += timeout_ms != 0
        return transfer

    def _reap(self) -> None:
        """Take what has ended."""
        ended: list[_End] = []
        try:
            while self._open and (reaped := self._usbfs.reap()) is not None:
                ended.append((self._open.pop(reaped.urb), reaped))
        except OSError:
            self._gone = True  # ENODEV: unplugged, and every URB was reaped
        for transfer, reaped in _in_order(ended) if len(ended) > 1 else ended:
            self._end(transfer, reaped)

    def _end(self, transfer: _Transfer, reaped: Reaped) -> None:
        self._asynchronous -= not transfer.waited
        self._timed -= transfer.deadline != 0
        if not reaped.status and not reaped.packets:
            transfer.done(Ended(IOReturn.SUCCESS, reaped.count))
            return
        status = status_of(reaped.status)
        if status == IOReturn.ABORTED and self._closed:
            status = self._over
        elif status == IOReturn.ABORTED and transfer.late:
            status = IOReturn.USB_TRANSACTION_TIMEOUT
        frames = tuple(IsochronousFrame(status_of(code), count) for code, count in reaped.packets)
        count = sum(frame.count for frame in frames) if frames else reaped.count
        transfer.done(Ended(status, count, frames))

    def _expire(self) -> None:
        if not self._timed:
            return
        now = time.monotonic()
        for urb, transfer in tuple(self._open.items()):
            if transfer.deadline and transfer.deadline <= now and not transfer.late:
                transfer.late = True
                self._usbfs.discard(urb)

    def _soonest(self) -> int | None:
        """Milliseconds until one is too late; None: none will be."""
        timed = (each.remaining_ms() for each in self._open.values())
        return min((each for each in timed if each is not None), default=None)

    @contextlib.contextmanager
    def _asked(self, address: int) -> Iterator[None]:
        """Refusals as a driver hears them."""
        if self._gone:
            raise IOReturnError(self._over)
        try:
            with refusals(f"endpoint {address:#04x}"):
                yield
        except ReturnError as error:
            raise IOReturnError(error.code, error.text) from error

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
                    soonest = self._soonest() if self._timed else None
                if (self._wake, select.POLLIN) in poll.poll(soonest):
                    os.eventfd_read(self._wake)
                with self._lock:
                    self._expire()
                    self._reap()
            if self._closed:
                os.close(self._fd)
        except BaseException as error:  # noqa: BLE001 - the edge of the process
            self._die(error)


class _Waiter:
    """One thread, while it waits for a transfer of its own; another one may reap that."""

    def __init__(self, fd: int) -> None:
        self._thread = threading.get_ident()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._poll.register(self._wake, select.POLLIN)
        self.calling = calling()
        self.ended: Ended | None = None

    def done(self, ended: Ended) -> None:
        """Its transfer has ended; any thread."""
        self.ended = ended
        if threading.get_ident() != self._thread:
            os.eventfd_write(self._wake, 1)

    def wait(self, timeout_ms: int | None) -> None:
        """Wait until a URB may have ended."""
        if (self._wake, select.POLLIN) in self._poll.poll(timeout_ms):
            os.eventfd_read(self._wake)

    def __del__(self) -> None:
        os.close(self._wake)


def _in_order(ended: list[_End]) -> list[_End]:
    """What was aborted together, in the order in which it was queued."""
    discarded = [end for end in ended if end[1].status == -errno.ENOENT]
    discarded.sort(key=lambda end: end[0].number, reverse=True)
    return [discarded.pop() if end[1].status == -errno.ENOENT else end for end in ended]
