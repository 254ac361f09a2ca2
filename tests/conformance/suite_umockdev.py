"""The suite of USB providers on umockdev's devices: real system calls on a node, and no kernel.

Each test first runs on the stand-in for the kernel, which notes the URBs. Where umockdev can play
them back, the test runs again on a device of umockdev's that was recorded so:
`python suite_umockdev.py` with a node for each test's name as JSON prints how each ended.
Invariant: a test is left out only for what umockdev does not emulate, and that is said.
"""

import asyncio
import functools
import inspect
import json
import os
import selectors
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from runtime.families.simulated import models, raw
from runtime.families.usb import device
from runtime.linux.usbfs import Reaped, UrbType
from runtime.wire.broker import ServeUsb
from tests.conformance import test_usb_provider
from tests.conformance.bench import Bench, Test
from tests.conformance.kernel import Kernel
from tests.conformance.replay_usbfs import Emulated

KNOWN = ServeUsb(1, "IORegistry Inspector", "Loopback USB Device", "SIM0002", 1, 1)
_SETUP = 8


class Noting(Kernel):
    """Notes URBs as umockdev records them, and what it could not play back.

    Attributes:
        lines: Its recording.
        missing: What umockdev has not, in words.
    """

    def __init__(self) -> None:
        super().__init__(models.loopback())
        self.lines = ["USBDEVFS_CONNECTINFO 0 0B00000000000000\n"]  # one at least has to be there
        self.missing: set[str] = set()
        self._urbs: dict[int, tuple[UrbType, int]] = {}

    def submit(
        self,
        kind: UrbType,
        endpoint: int,
        memory: bytearray | memoryview,
        packets: Sequence[int] = (),
    ) -> int:
        if self._urbs:
            self.missing.add("several URBs at a time")
        if packets:
            self.missing.add("isochronous URBs")
        if kind is UrbType.CONTROL and memory[0] & 0x80:
            self.missing.add("control URBs that read")
        urb = super().submit(kind, endpoint, memory, packets)
        self._urbs[urb] = kind, endpoint
        return urb

    def discard(self, urb: int) -> None:
        self.missing.add("URBs that wait")
        super().discard(urb)

    def reap(self) -> Reaped | None:
        reaped = super().reap()
        if reaped is not None:
            kind, endpoint = self._urbs.pop(reaped.urb)
            memory = bytes(reaped.memory)
            data = memory[: reaped.count] if endpoint & 0x80 else memory
            numbers = f"{int(kind)} {endpoint} {reaped.status} 0 {len(memory)} {reaped.count} 0"
            self.lines.append(f"USBDEVFS_REAPURBNDELAY 0 {numbers} {data.hex().upper()}\n")
        return reaped

    def set_interface(self, interface: int, alternate: int) -> None:
        self.missing.add("alternate settings")
        super().set_interface(interface, alternate)

    def set_configuration(self, value: int) -> None:
        self.missing.add("configurations")
        super().set_configuration(value)


def suite() -> Iterator[tuple[str, Callable[[Callable[[Test], None]], None]]]:
    """The tests that run on a family."""
    for name, function in vars(test_usb_provider).items():
        if name.startswith("test_") and list(inspect.signature(function).parameters) == ["family"]:
            yield name, function


def note(test: Callable[[Callable[[Test], None]], None]) -> Noting:
    """Run one on the stand-in."""
    kernel = Noting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "Usbfs", lambda _fd: kernel)
        test(functools.partial(_run, kernel.fd))
    kernel.close()
    return kernel


def dump(number: int) -> str:
    """Umockdev's description of the device with this number on bus 1."""
    loopback = models.loopback()
    configuration = raw.configuration_bytes(loopback.configuration)
    content = (raw.device_bytes(loopback.descriptor) + configuration).hex().upper()
    node = f"bus/usb/001/{number:03}"
    facts = f"E: DEVNAME=/dev/{node}\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
    return f"P: /devices/usb1/1-{number}\nN: {node}={content}\n{facts}\n"


def _run(fd: int, test: Test) -> None:
    """Run a test's coroutine at an open node; by poll, as umockdev's is nothing for epoll."""
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_at(fd, test))


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.PollSelector())


async def _at(fd: int, test: Test) -> None:
    bench = Bench(device.UsbfsDevice(fd, KNOWN))
    try:
        await test(bench)
    finally:
        bench.close()


def main() -> None:
    """Run those that were asked for, each on its node."""
    nodes = json.loads(sys.argv[1])
    vars(device)["Usbfs"] = Emulated
    ended = {}
    for name, test in suite():
        if name in nodes:
            try:
                test(functools.partial(_run, os.open(Path(nodes[name]), os.O_RDWR)))
            except BaseException as error:  # noqa: BLE001 - told, whatever it is
                ended[name] = f"{type(error).__name__}: {error}"
            else:
                ended[name] = ""
    sys.stdout.write(json.dumps(ended))


if __name__ == "__main__":
    main()
