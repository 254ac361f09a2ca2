"""Published devices: what goes to the kernel, what it asks, and who may not."""

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.families.hid import report_rate
from runtime.families.hid.published import ASKED, PublishedDevice
from runtime.families.hid.publishing import PublishingSession
from runtime.families.provider import Answer
from runtime.linux import uhid
from runtime.model.errors import ReturnError
from runtime.model.hid import ReportType
from runtime.model.hid_events import DIGITIZER_DESCRIPTOR, EVENT_DESCRIPTOR
from runtime.model.kern_return import IOReturn
from runtime.wire import hid, limits, methods
from runtime.wire.broker import Denials

IDENTITY = hid.HIDIdentity("Ünicode " * 40, 3, 0x1209, 3, 0x100, 0, "S1")
UNNUMBERED = bytes.fromhex("0600ff0901a101150026ff0075089502090281029501090391020904b102c0")


class Kernel:
    """The other end of a /dev/uhid: what was written, and questions."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        theirs.setblocking(False)
        self.completed: list[tuple[int, hid.ReportRequested]] = []
        self.device = PublishedDevice(theirs.detach(), self._complete)

    def written(self) -> list[bytes]:
        """Everything since the last time."""
        found: list[bytes] = []
        try:
            while event := self._ours.recv(8192):
                found.append(event)
        except BlockingIOError:
            pass
        return found

    def ask(self, head: bytes, report: bytes = b"") -> None:
        """Say something, as long as the kernel's events are."""
        self._ours.send((head + report).ljust(4380, b"\0"))

    def close(self) -> None:
        self.device.close()
        self._ours.close()

    def _complete(self, action: int, completion: methods.Completion) -> None:
        assert isinstance(completion, hid.ReportRequested)
        self.completed.append((action, completion))


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


async def turn() -> None:
    """Let the loop see what is readable."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_device_is_made_as_the_kernel_wants_it() -> None:
    async def test() -> None:
        kernel = Kernel()
        kernel.device.make(IDENTITY, "dext:com.example", UNNUMBERED)
        (event,) = kernel.written()
        fields = struct.unpack_from("=I128s64s64sHHIIII", event)
        name, physical, serial = (text.rstrip(b"\0").decode() for text in fields[1:4])
        assert (fields[0], physical, serial) == (11, "dext:com.example", "S1")
        assert name == IDENTITY.name.encode()[:127].decode(errors="ignore")
        assert fields[4:] == (len(UNNUMBERED), 3, 0x1209, 3, 0x100, 0)
        assert event[280:] == UNNUMBERED
        kernel.device.say(b"\x01\x02")
        assert kernel.written() == [struct.pack("=IH", 12, 2) + b"\x01\x02"]
        kernel.close()

    run(test())


def test_what_the_system_asks_reaches_the_driver_and_is_answered() -> None:
    async def test() -> None:
        kernel = Kernel()
        kernel.device.make(IDENTITY, "", UNNUMBERED)
        kernel.written()
        kernel.device.await_request(7)
        kernel.ask(struct.pack("=IIBBH", 13, 99, 0, 0, 2), b"\0\x55")  # hidraw's leading zero
        kernel.ask(struct.pack("=IIBB", 9, 100, 0, 0))
        await turn()
        asked = hid.ReportRequested(0, 99, True, ReportType.FEATURE, 0, b"\x55")
        assert kernel.completed == [(7, asked)]
        kernel.device.complete_report(hid.CompleteReport(99, 0))
        assert kernel.written() == [struct.pack("=IIH", 14, 99, 0)]
        kernel.device.await_request(8)
        assert kernel.completed[1] == (8, hid.ReportRequested(0, 100, False, ReportType.FEATURE))
        kernel.device.complete_report(hid.CompleteReport(100, IOReturn.ERROR, b"x"))
        assert kernel.written() == [struct.pack("=IIHH", 10, 100, errno.EIO, 1) + b"x"]
        with pytest.raises(ReturnError):
            kernel.device.complete_report(hid.CompleteReport(100, 0))
        kernel.close()

    run(test())


def test_questions_that_nobody_takes_are_refused() -> None:
    async def test() -> None:
        kernel = Kernel()
        kernel.device.make(IDENTITY, "", UNNUMBERED)
        kernel.written()
        output = (b"\x01".ljust(4096, b"\0")) + struct.pack("=HB", 1, 1)
        for _ in range(ASKED):
            kernel.ask(struct.pack("=I", 6), output)
            await turn()
        kernel.ask(struct.pack("=IIBB", 9, 5, 0, 0))
        await turn()
        assert kernel.written() == [struct.pack("=IIHH", 10, 5, errno.EBUSY, 0)]
        kernel.device.await_request(1)
        assert kernel.completed[0][1].report == b"\x01"
        kernel.device.await_request(2)
        kernel.device.await_request(3)
        kernel.close()
        assert len(kernel.completed) == 3

    run(test())


def test_closing_aborts_what_is_awaited() -> None:
    async def test() -> None:
        kernel = Kernel()
        kernel.device.make(IDENTITY, "", UNNUMBERED)
        kernel.device.await_request(1)
        with pytest.raises(ReturnError):
            kernel.device.await_request(2)
        kernel.close()
        assert kernel.completed == [(1, hid.ReportRequested(IOReturn.ABORTED))]

    run(test())


@pytest.mark.parametrize(
    ("descriptor", "report"), [(b"", None), (b"\xa1\x01\xc0", None), (UNNUMBERED, b""),
    (UNNUMBERED, bytes(uhid.LONGEST_REPORT + 1))],
)  # fmt: skip
def test_what_no_device_says_is_refused(descriptor: bytes, report: bytes | None) -> None:
    async def test() -> None:
        kernel = Kernel()
        if report is not None:
            kernel.device.make(IDENTITY, "", descriptor)
        refuse: Callable[[], None] = partial(kernel.device.make, IDENTITY, "", descriptor)
        if report is not None:
            refuse = partial(kernel.device.say, report)
        with pytest.raises(ReturnError) as refused:
            refuse()
        assert refused.value.code == IOReturn.BAD_ARGUMENT
        kernel.close()

    run(test())


class Recorder:
    """A provider and a device that only note what reaches them."""

    def __init__(self) -> None:
        self.reached: list[object] = []

    def begin(self, target: int, method: methods.Method, _answer: Answer) -> bool:
        raise AssertionError(f"{method} of {target}: expected none of a pipe")

    async def call(self, target: int, method: methods.Method) -> object:
        assert target == 0
        self.reached.append(method)
        return None

    def make(self, identity: hid.HIDIdentity, physical: str, descriptor: bytes) -> None:
        assert identity is IDENTITY
        self.reached.append((physical, descriptor))

    def say(self, report: bytes) -> None:
        self.reached.append(report)

    def withdraw(self) -> None:
        self.reached.append("withdrawn")

    def await_request(self, action: int) -> None: ...

    def complete_report(self, answer: hid.CompleteReport) -> None: ...

    def close(self) -> None: ...

    def unplug(self) -> None: ...


@pytest.mark.parametrize(
    ("method", "device", "events"),
    [
        (hid.PublishDevice(IDENTITY, UNNUMBERED), "", "no"),
        (hid.PublishEvents(IDENTITY), "no", ""),
        (hid.HIDOpen(seize=True), "no", ""),
    ],
)
def test_each_right_lets_its_own_methods_through_and_no_other(
    method: methods.Method, device: str, events: str
) -> None:
    async def test() -> None:
        for denials, allowed in ((Denials(device, events), True), (Denials(events, device), False)):
            reached = Recorder()
            session = PublishingSession(reached, denials, "com.example." + "x" * 80, reached)
            if allowed:
                await session.call(0, method)
                assert reached.reached
            else:
                with pytest.raises(ReturnError) as refused:
                    await session.call(0, method)
                assert refused.value.code == IOReturn.NOT_PERMITTED
                assert not reached.reached

    run(test())


def test_one_device_of_a_process_and_nothing_before_it() -> None:
    async def test() -> None:
        reached = Recorder()
        session = PublishingSession(reached, Denials("", ""), "com.example.dext", reached)
        with pytest.raises(ReturnError) as refused:
            await session.call(0, hid.HandleReport(b"x"))
        assert refused.value.code == IOReturn.NOT_OPEN
        await session.call(0, hid.PublishEvents(IDENTITY))
        assert reached.reached == [("dext-events:com.example.dext", EVENT_DESCRIPTOR)]
        with pytest.raises(ReturnError) as refused:
            await session.call(0, hid.PublishDevice(IDENTITY, UNNUMBERED))
        assert refused.value.code == IOReturn.BUSY
        await session.call(0, hid.HIDOpen())
        await session.call(0, hid.HandleReport(b"x"))
        assert reached.reached[1:] == [hid.HIDOpen(), b"x"]

    run(test())


def test_a_digitizer_takes_the_place_of_what_has_none() -> None:
    """Once; and no other device does."""

    async def test() -> None:
        reached = Recorder()
        session = PublishingSession(reached, Denials("", ""), "com.example.dext", reached)
        await session.call(0, hid.PublishEvents(IDENTITY))
        await session.call(0, hid.PublishEvents(IDENTITY, digitizer=True))
        name = "dext-events:com.example.dext"
        made = [(name, EVENT_DESCRIPTOR), "withdrawn", (name, DIGITIZER_DESCRIPTOR)]
        assert reached.reached == made
        for digitizer in (False, True):
            with pytest.raises(ReturnError, match="expected one of a driver"):
                await session.call(0, hid.PublishEvents(IDENTITY, digitizer))
        assert reached.reached == made

    run(test())


def test_a_device_that_was_withdrawn_can_be_made_again() -> None:
    """What the system asked of the first one is not asked of the second."""

    async def test() -> None:
        kernel = Kernel()
        kernel.device.make(IDENTITY, "", UNNUMBERED)
        kernel.ask(struct.pack("=IIBB", 9, 7, 0, 0))
        await turn()
        kernel.device.withdraw()
        kernel.device.make(IDENTITY, "", UNNUMBERED)
        kinds = [struct.unpack_from("=I", each)[0] for each in kernel.written()]
        assert kinds == [11, 1, 11]
        kernel.device.await_request(5)
        assert kernel.completed == []
        kernel.close()

    run(test())


def test_a_flood_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0
    monkeypatch.setattr(report_rate, "time", SimpleNamespace(monotonic_ns=lambda: now))

    async def test() -> None:
        nonlocal now
        kernel = Kernel()
        kernel.device.make(IDENTITY, "", UNNUMBERED)

        def say(count: int) -> None:
            for _ in range(count):
                kernel.device.say(b"\0\0")
                kernel.written()

        a_window = limits.REPORT_RATE * report_rate.WINDOW_NS // 1_000_000_000
        say(a_window)
        with pytest.raises(ReturnError) as refused:
            say(1)
        assert refused.value.code == IOReturn.NO_RESOURCES
        now += report_rate.WINDOW_NS
        say(a_window)
        kernel.close()

    run(test())
