"""What every USB interface provider has to do; run on each family that offers one.

Source: USB 2.0 chapter 9; DriverKit's IOUSBHostInterface, IOUSBHostDevice and IOUSBHostPipe.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from runtime.families.simulated import models
from runtime.families.usb.served import ServedUsbDevice
from runtime.families.usb.whole import DeviceSession
from runtime.linux.shared_memory import SharedMemory
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import InterfaceDescriptor, IsochronousFrame, Speed, TransferType
from runtime.wire import methods, usb
from tests.conformance import bench as benches
from tests.conformance.bench import Bench

Family = Callable[[benches.Test], None]


@pytest.fixture(params=benches.FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    """Run a test's coroutine on a device of the family."""
    return functools.partial(benches.run, request.param)


async def _fails(call: Coroutine[Any, Any, Any], code: IOReturn) -> None:
    with pytest.raises(ReturnError) as failed:
        await call
    assert failed.value.code == code


class Whole:
    """Calls of a driver of the whole device."""

    def __init__(self, session: DeviceSession) -> None:
        self._session = session

    async def call(self, target: int, method: methods.Method) -> Any:
        """Whatever the method's result is."""
        return await self._session.call(target, method)


def vendor(
    request: int, *, reads: bool = False, index: int = 0, data: bytes = b"", length: int = 0
) -> methods.DeviceRequest:
    """A request of the loopback's own."""
    return methods.DeviceRequest(
        0xC0 if reads else 0x40, request, 0, index, length or len(data), data
    )


def test_descriptors(family: Family) -> None:
    """They can be read before the interface is open, and agree with each other."""

    async def test(bench: Bench) -> None:
        interface = await bench.call(methods.GetInterfaceDescriptor())
        assert isinstance(interface, InterfaceDescriptor)
        configuration = await bench.call(methods.CopyConfigurationDescriptor())
        device = await bench.call(methods.CopyDeviceDescriptor())
        assert interface in configuration.interfaces
        assert configuration in device.configurations
        assert interface.endpoints[0].transfer_type is TransferType.BULK
        raw = await bench.call(usb.CopyDescriptor(2, 0, 0, 255))
        assert int.from_bytes(raw[2:4], "little") == len(raw)
        product = await bench.call(usb.CopyDescriptor(3, 2, 0x0409, 255))
        assert product[2:].decode("utf-16-le") == device.product_name
        await _fails(bench.call(usb.CopyDescriptor(15, 0, 0, 255)), IOReturn.USB_PIPE_STALLED)
        await _fails(bench.call(usb.CopyDescriptor(3, 2, 0, 1 << 20)), IOReturn.BAD_ARGUMENT)

    family(test)


def test_where_it_is(family: Family) -> None:
    """Speed and address, as the bus has them."""

    async def test(bench: Bench) -> None:
        assert await bench.call(usb.GetSpeed()) == Speed.FULL
        assert await bench.call(usb.GetAddress()) == 1

    family(test)


def test_one_opener(family: Family) -> None:
    """An open interface is refused to others until it is closed."""

    async def test(bench: Bench) -> None:
        await bench.call(methods.InterfaceOpen())
        other = bench.new_session(0)
        await _fails(other.call(0, methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS)
        other.close()
        await _fails(
            bench.new_session(0).call(0, methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS
        )
        await bench.call(methods.InterfaceClose())
        await bench.new_session(0).call(0, methods.InterfaceOpen())

    family(test)


def test_pipes_need_an_open_interface(family: Family) -> None:
    """NOT_OPEN before Open, NOT_FOUND for an endpoint that is not there."""

    async def test(bench: Bench) -> None:
        await _fails(bench.call(methods.CopyPipe(models.BULK_IN)), IOReturn.NOT_OPEN)
        await bench.call(methods.InterfaceOpen())
        for address in (0x8F, models.COUNTER_IN, models.ISOCHRONOUS_IN, 0x00, 0x80):
            await _fails(bench.call(methods.CopyPipe(address)), IOReturn.NOT_FOUND)
        handle = await bench.call(methods.CopyPipe(models.BULK_IN))
        endpoint = await bench.call(methods.GetDescriptors(), handle)
        assert endpoint.address == models.BULK_IN

    family(test)


def test_reads_complete_in_order(family: Family) -> None:
    """Each queued transfer once, first in first out, with its data."""

    async def test(bench: Bench) -> None:
        handle = await bench.reader()
        for action in (7, 8, 9):
            await bench.counter.call(handle, methods.AsyncIO(action, 64))
        await bench.until(3)
        assert [action for action, _ in bench.completed] == [7, 8, 9]
        for _, completion in bench.completed:
            assert isinstance(completion, methods.CompleteAsyncIO)
            assert completion.status == IOReturn.SUCCESS
            assert completion.count == len(completion.data) == 8

    family(test)


def test_what_is_written_is_read(family: Family) -> None:
    """Long transfers, short packets, and eight outstanding each way, in their order."""

    async def test(bench: Bench) -> None:
        out, into = await bench.pipes()
        for data in (b"short", bytes(range(256)) * 40, bytes(models.BULK_PACKET - 1)):
            count = await bench.call(methods.PipeIO(len(data), data), out)
            assert int.from_bytes(count, "little") == len(data)
            assert await bench.call(methods.PipeIO(len(data) + 1, timeout_ms=5000), into) == data
        for action in range(8):
            await bench.call(methods.AsyncIO(action, 64), into)
        for action in range(8, 16):
            await bench.call(methods.AsyncIO(action, 3, bytes([action] * 3)), out)
        await bench.until(16)
        read = [end.data for action, end in bench.completed if action < 8]
        assert read == [bytes([action] * 3) for action in range(8, 16)]
        assert [action for action, _ in bench.completed if action < 8] == list(range(8))

    family(test)


def test_a_long_transfer(family: Family) -> None:
    """64 KiB in one; a byte more is refused."""

    async def test(bench: Bench) -> None:
        out, into = await bench.pipes()
        data = bytes(range(256)) * 256
        reading = asyncio.create_task(bench.call(methods.PipeIO(len(data)), into))
        await bench.call(methods.PipeIO(len(data), data), out)
        assert await reading == data
        await _fails(bench.call(methods.AsyncIO(1, len(data) + 1), into), IOReturn.BAD_ARGUMENT)

    family(test)


def test_what_is_written_is_read_in_shared_memory(family: Family) -> None:
    """The bytes are where the driver says, and in no message; never outside of the memory."""

    async def test(bench: Bench) -> None:
        out, into = await bench.pipes()
        await _fails(bench.call(methods.PipeIO(8, at=0), out), IOReturn.BAD_ARGUMENT)
        lent = await bench.call(usb.ShareMemory())
        shared = SharedMemory.adopt(lent.descriptor).mapped
        await _fails(bench.call(usb.ShareMemory()), IOReturn.BUSY)
        data = bytes(range(256)) * 256
        shared[: len(data)] = data
        reading = asyncio.create_task(bench.call(methods.PipeIO(len(data), at=len(data)), into))
        count = await bench.call(methods.PipeIO(len(data), at=0), out)
        assert int.from_bytes(count, "little") == len(data)
        assert await reading == count
        assert shared[len(data) : 2 * len(data)] == data
        await bench.call(methods.AsyncIO(1, 64, at=lent.result - 64), into)
        await bench.call(methods.AsyncIO(2, 5, at=0), out)
        await bench.until(2)
        ends = dict(bench.completed)
        assert (ends[1].status, ends[1].data) == (ends[2].status, b"") == (0, b"")
        assert shared[-64:-59] == data[:5]
        beyond = methods.AsyncIO(3, 65, at=lent.result - 64)
        await _fails(bench.call(beyond, into), IOReturn.BAD_ARGUMENT)

    family(test)


def test_a_short_buffer(family: Family) -> None:
    """No more than was asked for; a packet that does not fit is cut, or is an error."""

    async def test(bench: Bench) -> None:
        handle = await bench.reader()
        cut: object = b""
        with contextlib.suppress(ReturnError):
            cut = await bench.counter.call(handle, methods.PipeIO(3, timeout_ms=5000))
        assert isinstance(cut, bytes)
        assert len(cut) in {0, 3}
        assert await bench.counter.call(handle, methods.PipeIO(8, timeout_ms=5000))

    family(test)


def test_abort_ends_what_waits(family: Family) -> None:
    """Every outstanding transfer completes with ABORTED before the call returns."""

    async def test(bench: Bench) -> None:
        out, into = await bench.pipes()
        for action in range(5):
            await bench.call(methods.AsyncIO(action, 8), into)
        await bench.call(methods.Abort(), into)
        assert [completion.status for _, completion in bench.completed] == [IOReturn.ABORTED] * 5
        assert [action for action, _ in bench.completed] == list(range(5)), "in their order"
        await bench.call(methods.AsyncIO(99, 8), into)
        await bench.call(methods.PipeIO(4, b"more"), out)
        await bench.until(6)
        assert bench.completed[-1][1].status == IOReturn.SUCCESS

    family(test)


def test_unplug_aborts(family: Family) -> None:
    """Nothing is left waiting for a device that is gone."""

    async def test(bench: Bench) -> None:
        _, into = await bench.pipes()
        await bench.call(methods.AsyncIO(1, 8), into)
        waiting = asyncio.create_task(bench.call(methods.PipeIO(8), into))
        await asyncio.sleep(0)
        bench.loop.unplug()
        await _fails(waiting, IOReturn.ABORTED)  # type: ignore[arg-type]
        assert bench.completed[0][1].status == IOReturn.ABORTED
        await _fails(bench.call(methods.AsyncIO(2, 8), into), IOReturn.ABORTED)
        await _fails(bench.call(methods.InterfaceOpen()), IOReturn.NO_DEVICE)

    family(test)


def test_a_timeout(family: Family) -> None:
    """A transfer that is too late ends with its own code, and what comes later is not lost."""

    async def test(bench: Bench) -> None:
        out, into = await bench.pipes()
        call = bench.call(methods.PipeIO(8, timeout_ms=1), into)
        await _fails(call, IOReturn.USB_TRANSACTION_TIMEOUT)
        await bench.call(methods.PipeIO(4, b"late"), out)
        assert await bench.call(methods.PipeIO(8), into) == b"late"

    family(test)


def test_a_stall(family: Family) -> None:
    """A halted endpoint says so, until the halt is cleared; the other one goes on."""

    async def test(bench: Bench) -> None:
        out, into = await bench.pipes()
        await bench.call(vendor(models.HALT, index=models.BULK_IN))
        await _fails(bench.call(methods.PipeIO(8), into), IOReturn.USB_PIPE_STALLED)
        await bench.call(methods.ClearStall(), into)
        await bench.call(methods.PipeIO(2, b"ok"), out)
        assert await bench.call(methods.PipeIO(8), into) == b"ok"

    family(test)


def test_alternate_settings(family: Family) -> None:
    """Another setting has other pipes; those of the one before are closed."""

    async def test(bench: Bench) -> None:
        await _fails(bench.call(usb.SelectAlternateSetting(1)), IOReturn.NOT_OPEN)
        _, into = await bench.pipes()
        await bench.call(methods.AsyncIO(1, 8), into)
        await bench.call(usb.SelectAlternateSetting(1))
        assert [end.status for _, end in bench.completed] == [IOReturn.ABORTED]
        await _fails(bench.call(methods.AsyncIO(2, 8), into), IOReturn.NOT_FOUND)
        assert (await bench.call(methods.GetInterfaceDescriptor())).alternate == 1
        await _fails(bench.call(methods.CopyPipe(models.BULK_IN)), IOReturn.NOT_FOUND)
        await bench.call(methods.CopyPipe(models.ISOCHRONOUS_IN))
        await _fails(bench.call(usb.SelectAlternateSetting(9)), IOReturn.NOT_FOUND)
        await bench.call(usb.SelectAlternateSetting(0))
        await bench.call(methods.CopyPipe(models.BULK_IN))

    family(test)


def test_isochronous(family: Family) -> None:
    """Frames both ways, each with its own end; other transfers are no matter of such a pipe."""

    async def test(bench: Bench) -> None:
        await bench.call(methods.InterfaceOpen())
        await bench.call(usb.SelectAlternateSetting(1))
        out = await bench.call(methods.CopyPipe(models.ISOCHRONOUS_OUT))
        into = await bench.call(methods.CopyPipe(models.ISOCHRONOUS_IN))
        await bench.call(usb.IsochIO(1, (4, 0, 8), b"fourand more"), out)
        await bench.until(1)
        done = (IsochronousFrame(0, 4), IsochronousFrame(0, 0), IsochronousFrame(0, 8))
        assert bench.completed[0][1].frames == done  # type: ignore[union-attr]
        await bench.call(usb.IsochIO(2, (32,) * 8), into)
        await bench.until(2)
        end = bench.completed[1][1]
        assert isinstance(end, usb.CompleteIsochIO)
        assert len(end.frames) == 8
        frames = [end.data[at : at + 32] for at in range(0, 256, 32)]
        read = [
            data[: frame.count]
            for data, frame in zip(frames, end.frames, strict=True)
            if frame.count
        ]
        assert read == [b"four", b"and more"]
        await _fails(bench.call(methods.PipeIO(8), into), IOReturn.UNSUPPORTED)
        await _fails(bench.call(usb.IsochIO(3, (4,), b"too long"), out), IOReturn.BAD_ARGUMENT)
        await _fails(bench.call(usb.IsochIO(3, ()), into), IOReturn.BAD_ARGUMENT)

    family(test)


def test_control_requests(family: Family) -> None:
    """What is written can be read; what the device does not know is stalled."""

    async def test(bench: Bench) -> None:
        await _fails(bench.call(vendor(models.WRITE_LAST, data=b"kept")), IOReturn.NOT_OPEN)
        await bench.call(methods.InterfaceOpen())
        moved = await bench.call(vendor(models.WRITE_LAST, data=b"kept"))
        assert int.from_bytes(moved, "little") == 4
        assert await bench.call(vendor(models.READ_LAST, reads=True, length=64)) == b"kept"
        raw = await bench.call(methods.DeviceRequest(0x80, 6, 0x0100, 0, 18))
        device = await bench.call(methods.CopyDeviceDescriptor())
        assert raw[:2] == b"\x12\x01"
        assert int.from_bytes(raw[8:10], "little") == device.vendor
        call = bench.call(vendor(0x77, reads=True, length=8))
        await _fails(call, IOReturn.USB_PIPE_STALLED)

    family(test)


def test_asynchronous_control_requests(family: Family) -> None:
    """Their end comes as a completion, with what was read, or with the error."""

    async def test(bench: Bench) -> None:
        await bench.call(methods.InterfaceOpen())
        await bench.call(usb.AsyncDeviceRequest(1, 0x80, 6, 0x0100, 0, 18))
        await bench.until(1)
        await bench.call(usb.AsyncDeviceRequest(2, 0xC0, 0x77, 0, 0, 8))
        await bench.until(2)
        (_, first), (_, second) = bench.completed
        assert isinstance(first, methods.CompleteAsyncIO)
        assert (first.status, first.count, first.data[:2]) == (0, 18, b"\x12\x01")
        assert second.status == IOReturn.USB_PIPE_STALLED
        await bench.call(usb.AsyncDeviceRequest(3, 0x80, 6, 0x0100, 0, 18))
        await bench.call(usb.AbortDeviceRequests())
        assert [action for action, _ in bench.completed] == [1, 2, 3]
        assert bench.completed[2][1].status == IOReturn.ABORTED
        await bench.call(methods.DeviceRequest(0x80, 6, 0x0100, 0, 18))

    family(test)


def test_one_driver_cannot_disturb_the_other(family: Family) -> None:
    """Whatever concerns more than a driver's own interface is refused, and the other goes on."""

    async def test(bench: Bench) -> None:
        await bench.call(methods.InterfaceOpen())
        handle = await bench.reader()
        attacks: list[methods.Method] = [
            methods.DeviceRequest(0x00, 9, 0, 0, 0),  # SET_CONFIGURATION 0
            methods.DeviceRequest(0x00, 5, 77, 0, 0),  # SET_ADDRESS
            methods.DeviceRequest(0x00, 3, 1, 0, 0),  # SET_FEATURE of the device
            methods.DeviceRequest(0x01, 11, 0, 1, 0),  # SET_INTERFACE of the other one
            methods.DeviceRequest(0x02, 3, 0, models.COUNTER_IN, 0),  # halt its endpoint
            methods.DeviceRequest(0x82, 0, 0, models.COUNTER_IN, 2),  # GET_STATUS of it
            methods.DeviceRequest(0x41, 1, 0, 1, 0),  # a vendor's to the other interface
            vendor(models.HALT, index=models.COUNTER_IN),  # a vendor's to the device
            usb.AsyncDeviceRequest(1, 0x00, 9, 0, 0, 0),
            usb.SetConfiguration(1),
            usb.Reset(),
        ]
        for attack in attacks:
            if isinstance(attack, usb.AsyncDeviceRequest):
                await bench.call(attack)
                await bench.until(1)
                assert bench.completed[0][1].status == IOReturn.NOT_PERMITTED
            else:
                await _fails(bench.call(attack), IOReturn.NOT_PERMITTED)
            assert await bench.counter.call(handle, methods.PipeIO(8, timeout_ms=5000))
        await _fails(bench.call(methods.CopyPipe(models.COUNTER_IN)), IOReturn.NOT_FOUND)

    family(test)


def test_handles_of_nothing(family: Family) -> None:
    """A guessed handle, a method of the wrong object, a transfer that is too long."""

    async def test(bench: Bench) -> None:
        _, handle = await bench.pipes()
        await _fails(bench.call(methods.AsyncIO(1, 8), 4711), IOReturn.NOT_FOUND)
        await _fails(bench.call(methods.InterfaceOpen(), handle), IOReturn.UNSUPPORTED)
        await _fails(bench.call(methods.GetDescriptors()), IOReturn.UNSUPPORTED)
        await _fails(bench.call(methods.AsyncIO(1, 1 << 20), handle), IOReturn.BAD_ARGUMENT)
        await bench.call(methods.InterfaceClose())
        await _fails(bench.call(methods.AsyncIO(1, 8), handle), IOReturn.NOT_FOUND)

    family(test)


def test_a_whole_device(family: Family) -> None:
    """One driver has it and every interface that it copies, and nobody else has any meanwhile."""

    async def test(bench: Bench) -> None:
        driver = bench.whole()
        whole = Whole(driver)
        await _fails(whole.call(0, usb.CopyInterface(0)), IOReturn.NOT_OPEN)
        await bench.call(methods.InterfaceOpen())
        await _fails(whole.call(0, methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS)
        await bench.call(methods.InterfaceClose())
        await whole.call(0, methods.InterfaceOpen())
        await _fails(bench.call(methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS)
        await _fails(bench.whole().call(0, methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS)
        first, second = [await whole.call(0, usb.CopyInterface(number)) for number in (0, 1)]
        assert first == await whole.call(0, usb.CopyInterface(0))
        await _fails(whole.call(0, usb.CopyInterface(9)), IOReturn.NOT_FOUND)
        await whole.call(first, methods.InterfaceOpen())
        await whole.call(second, methods.InterfaceOpen())
        out = await whole.call(first, methods.CopyPipe(models.BULK_OUT))
        into = await whole.call(first, methods.CopyPipe(models.BULK_IN))
        counter = await whole.call(second, methods.CopyPipe(models.COUNTER_IN))
        assert len({first, second, out, into, counter}) == 5
        await whole.call(out, methods.PipeIO(4, b"both"))
        assert await whole.call(into, methods.PipeIO(8)) == b"both"
        assert await whole.call(counter, methods.PipeIO(8, timeout_ms=5000))
        await whole.call(0, vendor(models.WRITE_LAST, data=b"kept"))
        assert await whole.call(first, vendor(models.READ_LAST, reads=True, length=9)) == b"kept"
        attack = methods.DeviceRequest(0x00, 9, 0, 0, 0)  # SET_CONFIGURATION behind the kernel
        await _fails(whole.call(0, attack), IOReturn.NOT_PERMITTED)
        await whole.call(into, methods.AsyncIO(1, 8))
        await whole.call(0, usb.SetConfiguration(1))
        assert [end.status for _, end in bench.completed] == [IOReturn.ABORTED]
        await _fails(whole.call(into, methods.AsyncIO(2, 8)), IOReturn.NOT_FOUND)
        again = await whole.call(0, usb.CopyInterface(0))
        await whole.call(again, methods.InterfaceOpen())
        driver.close()
        ServedUsbDevice(bench.device).give_back(usb.WHOLE_DEVICE)
        await bench.call(methods.InterfaceOpen())

    family(test)
