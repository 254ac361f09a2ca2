"""What every USB interface provider has to do; run on each family that offers one.

Source: USB 2.0 chapter 9; DriverKit's IOUSBHostInterface and IOUSBHostPipe.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from runtime.families.simulated import models
from runtime.families.usb import device
from runtime.families.usb.interface import InterfaceSession
from runtime.families.usb.provider import UsbDevice
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import InterfaceDescriptor, TransferType
from runtime.wire import methods
from tests.conformance.kernel import Kernel

Completed = list[tuple[int, methods.CompleteAsyncIO]]
SECONDS = 10.0


class Bench:
    """One device with one session at its first interface."""

    def __init__(self, device: UsbDevice) -> None:
        self.device = device
        self._openers: set[int] = set()
        self.completed: Completed = []
        self.came = asyncio.Event()
        self.session = self.new_session()

    def new_session(self) -> InterfaceSession:
        """Another driver process at the same interface."""
        return InterfaceSession(self.device, 0, self._openers, self._complete)

    async def call(self, method: methods.Method, target: int = 0) -> Any:
        """Call a method of the first session."""
        return await self.session.call(target, method)

    async def pipe(self) -> int:
        """Open the interface and its IN pipe."""
        await self.call(methods.InterfaceOpen())
        handle: int = await self.call(methods.CopyPipe(0x81))
        return handle

    async def until(self, count: int) -> None:
        """Wait until this many actions have completed."""
        async with asyncio.timeout(SECONDS):
            while len(self.completed) < count:
                self.came.clear()
                await self.came.wait()

    def _complete(self, action: int, completion: methods.Completion) -> None:
        assert isinstance(completion, methods.CompleteAsyncIO)
        self.completed.append((action, completion))
        self.came.set()


@asynccontextmanager
async def _simulated() -> AsyncIterator[Bench]:
    bench = Bench(models.sample())
    yield bench
    bench.session.close()
    bench.device.close()


@asynccontextmanager
async def _usbfs() -> AsyncIterator[Bench]:
    kernel = Kernel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "Usbfs", lambda _: kernel)
        strings = ("IORegistry Inspector", "Sample USB Device", "SIM0001")
        bench = Bench(device.UsbfsDevice(kernel.fd, 1, strings))
        yield bench
        bench.session.close()
        bench.device.give_back(0)
        assert kernel.drivers == {0: "usbhid"}, "the kernel's driver has its interface again"
        bench.device.close()
        kernel.close()


Family = Callable[[Callable[[Bench], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=["simulated", "usbfs"])
def family(request: pytest.FixtureRequest) -> Family:
    """Run a test's coroutine on a device of the family."""
    opener = {"simulated": _simulated, "usbfs": _usbfs}[request.param]

    def run(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
        async def inner() -> None:
            async with opener() as bench:
                await test(bench)

        asyncio.run(inner())

    return run


async def _fails(call: Coroutine[Any, Any, Any], code: IOReturn) -> None:
    with pytest.raises(ReturnError) as failed:
        await call
    assert failed.value.code == code


def test_descriptors(family: Family) -> None:
    """They can be read before the interface is open, and agree with each other."""

    async def test(bench: Bench) -> None:
        interface = await bench.call(methods.GetInterfaceDescriptor())
        assert isinstance(interface, InterfaceDescriptor)
        configuration = await bench.call(methods.CopyConfigurationDescriptor())
        device = await bench.call(methods.CopyDeviceDescriptor())
        assert interface in configuration.interfaces
        assert configuration in device.configurations
        assert interface.endpoints[0].transfer_type is TransferType.INTERRUPT

    family(test)


def test_one_opener(family: Family) -> None:
    """An open interface is refused to others until it is closed."""

    async def test(bench: Bench) -> None:
        await bench.call(methods.InterfaceOpen())
        other = bench.new_session()
        await _fails(other.call(0, methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS)
        other.close()
        await _fails(
            bench.new_session().call(0, methods.InterfaceOpen()), IOReturn.EXCLUSIVE_ACCESS
        )
        await bench.call(methods.InterfaceClose())
        await bench.new_session().call(0, methods.InterfaceOpen())

    family(test)


def test_pipes_need_an_open_interface(family: Family) -> None:
    """NOT_OPEN before Open, NOT_FOUND for an endpoint that is not there."""

    async def test(bench: Bench) -> None:
        await _fails(bench.call(methods.CopyPipe(0x81)), IOReturn.NOT_OPEN)
        await bench.call(methods.InterfaceOpen())
        await _fails(bench.call(methods.CopyPipe(0x8F)), IOReturn.NOT_FOUND)
        handle = await bench.call(methods.CopyPipe(0x81))
        endpoint = await bench.call(methods.GetDescriptors(), handle)
        assert endpoint.address == 0x81

    family(test)


def test_reads_complete_in_order(family: Family) -> None:
    """Each queued transfer once, first in first out, with its data."""

    async def test(bench: Bench) -> None:
        handle = await bench.pipe()
        for action in (7, 8, 9):
            await bench.call(methods.AsyncIO(action, 64), handle)
        await bench.until(3)
        assert [action for action, _ in bench.completed] == [7, 8, 9]
        for _, completion in bench.completed:
            assert completion.status == IOReturn.SUCCESS
            assert completion.count == len(completion.data) == 8

    family(test)


def test_a_short_buffer(family: Family) -> None:
    """No more than was asked for."""

    async def test(bench: Bench) -> None:
        handle = await bench.pipe()
        assert len(await bench.call(methods.PipeIO(3), handle)) == 3

    family(test)


def test_abort_ends_what_waits(family: Family) -> None:
    """Every outstanding transfer completes with ABORTED before the call returns."""

    async def test(bench: Bench) -> None:
        handle = await bench.pipe()
        for action in range(5):
            await bench.call(methods.AsyncIO(action, 8), handle)
        await bench.call(methods.Abort(), handle)
        assert [completion.status for _, completion in bench.completed] == [IOReturn.ABORTED] * 5
        assert [action for action, _ in bench.completed] == list(range(5)), "in their order"
        await bench.call(methods.AsyncIO(99, 8), handle)
        await bench.until(6)
        assert bench.completed[-1][1].status == IOReturn.SUCCESS

    family(test)


def test_unplug_aborts(family: Family) -> None:
    """Nothing is left waiting for a device that is gone."""

    async def test(bench: Bench) -> None:
        handle = await bench.pipe()
        await bench.call(methods.AsyncIO(1, 8), handle)
        waiting = asyncio.create_task(bench.call(methods.PipeIO(8), handle))
        await asyncio.sleep(0)
        bench.session.unplug()
        await _fails(waiting, IOReturn.ABORTED)  # type: ignore[arg-type]
        assert bench.completed[0][1].status == IOReturn.ABORTED
        await _fails(bench.call(methods.AsyncIO(2, 8), handle), IOReturn.ABORTED)
        await _fails(bench.call(methods.InterfaceOpen()), IOReturn.NO_DEVICE)

    family(test)


def test_a_timeout(family: Family) -> None:
    """A transfer that is too late ends with its own code."""

    async def test(bench: Bench) -> None:
        handle = await bench.pipe()
        call = bench.call(methods.PipeIO(8, timeout_ms=1), handle)
        await _fails(call, IOReturn.USB_TRANSACTION_TIMEOUT)

    family(test)


def test_standard_control_requests(family: Family) -> None:
    """GET_DESCRIPTOR gives the raw bytes; what the device does not know is stalled."""

    async def test(bench: Bench) -> None:
        await bench.call(methods.InterfaceOpen())
        raw = await bench.call(methods.DeviceRequest(0x80, 6, 0x0100, 0, 18))
        device = await bench.call(methods.CopyDeviceDescriptor())
        assert raw[:2] == b"\x12\x01"
        assert int.from_bytes(raw[8:10], "little") == device.vendor
        total = await bench.call(methods.DeviceRequest(0x80, 6, 0x0200, 0, 4))
        length = int.from_bytes(total[2:4], "little")
        whole = await bench.call(methods.DeviceRequest(0x80, 6, 0x0200, 0, 255))
        assert len(whole) == length
        product = await bench.call(methods.DeviceRequest(0x80, 6, 0x0302, 0x0409, 255))
        assert product[2:].decode("utf-16-le") == device.product_name
        call = bench.call(methods.DeviceRequest(0xC0, 0x77, 0, 0, 8))
        await _fails(call, IOReturn.USB_PIPE_STALLED)

    family(test)


def test_handles_of_nothing(family: Family) -> None:
    """A guessed handle, a method of the wrong object, a transfer that is too long."""

    async def test(bench: Bench) -> None:
        handle = await bench.pipe()
        await _fails(bench.call(methods.AsyncIO(1, 8), 4711), IOReturn.NOT_FOUND)
        await _fails(bench.call(methods.InterfaceOpen(), handle), IOReturn.UNSUPPORTED)
        await _fails(bench.call(methods.GetDescriptors()), IOReturn.UNSUPPORTED)
        await _fails(bench.call(methods.AsyncIO(1, 1 << 20), handle), IOReturn.BAD_ARGUMENT)
        await bench.call(methods.InterfaceClose())
        await _fails(bench.call(methods.AsyncIO(1, 8), handle), IOReturn.NOT_FOUND)

    family(test)
