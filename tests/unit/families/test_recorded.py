"""Recordings: read from every form, hostile ones too, and played back to a driver."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.families.recorded.device import RecordedDevice
from runtime.families.recorded.read import read
from runtime.families.recorded.recording import Recording, decode
from runtime.families.usb.provider import End, Transfer
from runtime.model.errors import BreachError, ProblemError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest, Speed
from runtime.wire import codec

from . import captures

FORMS = {
    "dump": (captures.DUMP.encode(), None),
    "lsusb": (captures.LSUSB.encode(), None),
    "pcapng": (captures.DUMP.encode(), captures.CAPTURE),
    "usbpcap": (captures.DUMP.encode(), captures.USBPCAP),
    "pcap": (captures.LSUSB.encode(), captures.OLDER_USBPCAP),
    "ioctls": (captures.DUMP.encode(), captures.IOCTLS.encode()),
}
every_form = pytest.mark.parametrize("form", FORMS)


def recorded(form: str = "pcapng") -> Recording:
    """The made-up device."""
    return read(*FORMS[form], "device", "capture")


@every_form
def test_the_device_is_the_same_in_every_form(form: str) -> None:
    recording = recorded(form)
    assert recording.descriptors == captures.DEVICE + captures.CONFIGURATION
    assert recording.strings == ("Acme", "Thing", "7")
    assert recording.configuration == 1
    assert recording.speed == (Speed.FULL if form in {"lsusb", "pcap"} else Speed.HIGH)
    assert decode(codec.encode(recording)) == recording


@every_form
@given(data=st.data())
def test_damaged_files_are_a_recording_or_a_problem(form: str, data: st.DataObject) -> None:
    """Whatever was done to a file, the error names it, and a device can be made of the rest."""
    files = [bytearray(each or b"") for each in FORMS[form]]
    at = data.draw(st.integers(0, 1 if files[1] else 0))
    place = data.draw(st.integers(0, len(files[at])))
    files[at][place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    complaint = ""
    try:
        capture = bytes(files[1]) if FORMS[form][1] else None
        RecordedDevice(read(bytes(files[0]), capture, "device", "capture"))
    except ProblemError as error:
        complaint = str(error)
    assert not complaint or complaint.startswith(("device: ", "capture: "))


@given(st.binary(max_size=200))
def test_noise_is_no_recording(noise: bytes) -> None:
    with pytest.raises((ProblemError, BreachError)):
        read(noise, None, "device", "")
    with pytest.raises(ProblemError):
        read(captures.DUMP.encode(), noise, "device", "capture")


def test_a_capture_of_another_device_is_refused() -> None:
    other = captures.pcapng([captures.packet(1, "S", 3, 1, b"x", device=each) for each in (5, 6)])
    with pytest.raises(
        ProblemError, match=r"1209:1234, which was 1\.4 \(bus and number\), found 1\.5, 1\.6"
    ):
        read(captures.DUMP.encode(), other, "device", "capture")
    ioctls = captures.IOCTLS.replace("001/004", "001/005").encode()
    with pytest.raises(ProblemError, match=r"/dev/bus/usb/001/004, found of /dev/bus/usb/001/005"):
        read(captures.DUMP.encode(), ioctls, "device", "capture")


def test_byte_order_and_link_types() -> None:
    big = captures.pcapng([captures.packet(1, "S", 3, 1, b"x")], order=">")
    (one,) = read(captures.DUMP.encode(), big, "device", "capture").exchanges
    assert one.data == b"x"
    foreign = captures.pcapng([bytes(64)], link=1)
    with pytest.raises(ProblemError, match="found link type 1"):
        read(captures.DUMP.encode(), foreign, "device", "capture")


class Driver:
    """What a driver can do to a recorded device."""

    def __init__(self, form: str = "pcapng") -> None:
        self.device = RecordedDevice(recorded(form))
        endpoints = self.device.interface(0).endpoints
        self.pipes = {each.address: self.device.pipe(each) for each in endpoints}

    def queue(self, endpoint: int, data: bytes = b"", length: int = 64) -> asyncio.Future[Any]:
        """Queue a transfer; the future has its status and what was read."""
        ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        transfer = Transfer(length, data, lambda end: ended.set_result((end.status, end.data)))
        self.pipes[endpoint].submit(transfer, 0)
        return ended

    async def send(self, data: bytes) -> None:
        """Send it whole."""
        status, _ = await self.queue(0x01, data)
        assert status == IOReturn.SUCCESS

    async def receive(self, length: int = 64) -> bytes:
        """Read, successfully."""
        async with asyncio.timeout(5):
            status, data = await self.queue(0x81, length=length)
        assert status == IOReturn.SUCCESS
        return bytes(data)


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine."""
    asyncio.run(test)


@pytest.mark.parametrize("form", ["pcapng", "usbpcap", "pcap"])
def test_answers_come_after_what_was_sent(form: str) -> None:
    """A read may be queued before or after; it ends when it did."""

    async def test() -> None:
        driver = Driver(form)
        early = driver.queue(0x81)
        await asyncio.sleep(0)
        assert not early.done(), "the device waits for what it was sent"
        await driver.send(b"first")
        assert await early == (IOReturn.SUCCESS, b"one")
        await driver.send(b"second")
        assert await driver.receive(64) == bytes(range(64)), "in portions of the driver's own"
        assert await driver.receive(64) == bytes(range(64, 100))

    run(test())


def test_who_leaves_out_or_goes_back_is_followed() -> None:
    async def test() -> None:
        driver = Driver()
        await driver.send(b"second")
        assert await driver.receive(128) == bytes(range(100))
        await driver.send(b"first")
        assert await driver.receive() == b"one"

    run(test())


def test_an_interface_that_is_opened_begins_again() -> None:
    async def test() -> None:
        driver = Driver()
        for _ in range(2):
            driver.device.take(0)
            await driver.send(b"first")
            assert await driver.receive() == b"one"

    run(test())


def test_what_was_not_recorded_names_the_nearest() -> None:
    async def test() -> None:
        driver = Driver()
        with pytest.raises(ReturnError, match=r"found 5 bytes to .* nearest: 5 .*6669727374"):
            driver.queue(0x01, b"fires")
        await driver.send(b"second")
        await driver.receive(128)
        with pytest.raises(ReturnError, match=r"read of endpoint 0x81; nearest: 100 bytes from"):
            driver.queue(0x81)
        request = ControlRequest(0xC0, 1, 0x0302, 9, 2)
        with pytest.raises(ReturnError, match=r"nearest: request 0x01 .* index 0x0000") as failed:
            await driver.device.control(request, b"", 0)
        assert failed.value.code == IOReturn.USB_PIPE_STALLED

    run(test())


def test_control_requests() -> None:
    """Recorded ones, and USB's own that nobody recorded."""

    async def test() -> None:
        control = Driver().device.control
        assert await control(ControlRequest(0xC0, 1, 0x0302, 0, 2), b"", 0) == b"\x11\x22"
        assert await control(ControlRequest(0xC0, 1, 0x0302, 0, 1), b"", 0) == b"\x11"
        assert await control(ControlRequest(0x80, 6, 0x0100, 0, 18), b"", 0) == captures.DEVICE
        whole = await control(ControlRequest(0x80, 6, 0x0200, 0, 255), b"", 0)
        assert whole == captures.CONFIGURATION
        product = await control(ControlRequest(0x80, 6, 0x0302, 0x0409, 255), b"", 0)
        assert product[2:].decode("utf-16-le") == "Thing"

    run(test())


def test_silence_lasts_until_the_driver_gives_up() -> None:
    """Where the host waited in vain, so does a driver; at the end for ever."""

    async def test() -> None:
        driver = Driver("ioctls")
        await driver.send(b"first")
        await driver.send(b"second")
        assert await driver.receive() == b"one"
        for _ in range(2):
            waiting = driver.queue(0x81)
            await asyncio.sleep(0.01)
            assert not waiting.done()
            driver.pipes[0x81].abort()
            assert (await waiting)[0] == IOReturn.ABORTED

    run(test())


def test_a_capture_knows_its_device_by_what_it_said() -> None:
    """Its bus and number are another machine's, and somebody else has them in the capture."""
    moved = [
        captures.packet(
            1, "S", 2, 0x80, length=18, setup=bytes.fromhex("8006000100001200"), device=7
        ),
        captures.packet(1, "C", 2, 0x80, captures.DEVICE, device=7),
        captures.packet(2, "S", 3, 0x01, b"mine", device=7),
        captures.packet(3, "S", 3, 0x01, b"not mine", device=4),
    ]
    recording = read(captures.DUMP.encode(), captures.pcapng(moved), "device", "capture")
    assert [each.data for each in recording.exchanges] == [captures.DEVICE, b"mine"]


def test_what_was_asked_for_before_the_capture_began() -> None:
    """Its answer is in there."""
    found = captures.pcapng([captures.packet(1, "C", 3, 0x81, b"early")])
    (one,) = read(captures.DUMP.encode(), found, "device", "capture").exchanges
    assert one.data == b"early"


def streaming() -> RecordedDevice:
    """A device with a stream in its second setting."""
    raw = (captures.DEVICE + captures.STREAM).hex().upper()
    dump = f"P: /devices/1-1\nN: bus/usb/001/004={raw}\nE: DEVTYPE=usb_device\nA: speed=480\n"
    return RecordedDevice(read(dump.encode(), captures.STREAMED, "device", "capture"))


def test_alternate_settings() -> None:
    """As its descriptors have them; another opener finds the first."""

    async def test() -> None:
        device = streaming()
        setting = ControlRequest(0x81, 10, 0, 0, 1)
        assert device.interface(0).endpoints == ()
        device.select(0, 1)
        assert device.interface(0).endpoints[0].address == 0x82
        assert await device.control(setting, b"", 0) == b"\1"
        with pytest.raises(ReturnError, match="no interface 0 with an alternate setting 2"):
            device.select(0, 2)
        device.give_back(0)
        assert await device.control(setting, b"", 0) == b"\0"

    run(test())


def test_isochronous_frames() -> None:
    """Each frame once and with its own end, whatever the transfers that ask for them."""

    async def test() -> None:
        device = streaming()
        device.select(0, 1)
        pipe = device.pipe(device.interface(0).endpoints[0])
        ends: list[End] = []
        over = asyncio.Event()

        def done(end: End) -> None:
            ends.append(end)
            if len(ends) == 3:
                over.set()

        for frames in ((64, 64), (1,), (64, 64)):
            pipe.submit(Transfer(sum(frames), b"", done, frames), 0)
        async with asyncio.timeout(5):
            await over.wait()
        said = [[(frame.status, frame.count) for frame in end.frames] for end in ends]
        failed = int(IOReturn.NOT_RESPONDING)
        assert said == [[(0, 64), (failed, 0)], [(0, 1)], [(0, 1), (0, 0)]]
        assert ends[0].data == b"a" * 64 + bytes(64)
        assert ends[2].data == b"d" + bytes(127)
        with pytest.raises(ReturnError, match="read of endpoint 0x82"):
            pipe.submit(Transfer(64, b"", done, (64,)), 0)

    run(test())
