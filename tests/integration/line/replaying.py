"""Apps whose driver does to recorded devices what was done to the real ones, and compares.

Captures are read here by code that shares nothing with the parsers under test.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from .apps import drive, make_app

Step = tuple[str, int, str, int, int, bytes, bytes, int]
"""S or C, the transfer's number, kind, endpoint, length, SETUP packet, data, status."""

DRIVER = """
import importlib

from runtime.driverkit import (
    IOBufferMemoryDescriptor, IOLog, IOReturnError, IOService, IOUSBHostPipe, callback,
    kIOReturnAborted, kIOReturnSuccess,
)


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        device = provider.CopyDevice().CopyDeviceDescriptor()
        script = importlib.import_module(f"script_{device.vendor:04x}_{device.product:04x}")
        self.provider, self.steps = provider, iter(script.STEPS)
        self.good = self.bad = self.left_out = 0
        self.pipes, self.open, self.waits_for = {}, {}, None
        provider.Open(self)
        self.advance()

    def advance(self):
        for kind, number, *rest in self.steps:
            if kind == "S":
                self.submit(number, *rest)
            elif number in self.open and self.open[number][2] is None:
                self.waits_for = number
                if rest[-1] == -2:  # the host gave it up
                    self.pipe(rest[1]).Abort()
                return
        total = self.good + self.bad + self.left_out
        IOLog(f"replayed {self.good} of {total}, {self.left_out} are the kernel's own")

    def submit(self, number, kind, endpoint, length, setup, data, status):
        try:
            if kind == "control":
                self.control(length, setup, data)
            else:
                self.transfer(number, endpoint, length, data)
        except IOReturnError as error:
            self.bad += 1
            IOLog(f"missed {number}: {error}")

    def control(self, length, setup, data):
        fields = [setup[0], setup[1], *(int.from_bytes(setup[i:i+2], "little") for i in (2, 4, 6))]
        reads = setup[0] & 0x80
        if not reads and not setup[0] & 0x60 and setup[1] in (5, 9):
            self.left_out += 1  # address, configuration
            return
        if setup[:2] == b"\\x01\\x0b":
            self.provider.SelectAlternateSetting(fields[2])
            self.pipes.clear()
            self.good += 1
            return
        buffer = IOBufferMemoryDescriptor.Create(max(fields[4], 1))
        if not reads:
            buffer.GetAddressRange()[:len(data)] = data
        count = self.provider.DeviceRequest(*fields, buffer if fields[4] else None)
        self.compare(bytes(buffer.GetAddressRange()[:count]) if reads else data[:count], data)

    def transfer(self, number, endpoint, length, data):
        length = min(length, 65536)  # of one transfer
        buffer = IOBufferMemoryDescriptor.Create(max(length, 1))
        if not endpoint & 0x80:
            buffer.GetAddressRange()[:len(data)] = data
        action = self.CreateAction(self.Complete)
        self.open[number] = [buffer, data, None, endpoint, action]
        self.pipe(endpoint).AsyncIO(buffer, length, action)

    def pipe(self, endpoint):
        if endpoint not in self.pipes:
            self.pipes[endpoint] = self.provider.CopyPipe(endpoint)
        return self.pipes[endpoint]

    def compare(self, found, wanted):
        self.good += found == wanted
        self.bad += found != wanted

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def Complete(self, action, status, actualByteCount, completionTimestamp):
        number = next(key for key, each in self.open.items() if each[4] is action)
        buffer, data, _, endpoint, _ = each = self.open[number]
        each[2] = status
        found = bytes(buffer.GetAddressRange()[:actualByteCount]) if endpoint & 0x80 else data
        if status == kIOReturnSuccess:
            self.compare(found, data)
        elif status == kIOReturnAborted and not data:
            self.good += 1
        else:
            self.bad += 1
            IOLog(f"missed {number}: status {status:#x}")
        del self.open[number]
        if self.waits_for == number:
            self.waits_for = None
            self.advance()
"""


def make_replayer(folder: Path, scripts: dict[tuple[int, int], list[Step]]) -> Path:
    """An app whose driver knows these devices (by vendor and product) and what was done to each."""
    app = make_app(folder, DRIVER)
    dext = drive(app, *scripts)
    for (vendor, product), steps in scripts.items():
        lines = "".join(f"    {step!r},\n" for step in steps)
        (dext / f"script_{vendor:04x}_{product:04x}.py").write_text(f"STEPS = [\n{lines}]\n")
    return app


def identity(dump: Path) -> tuple[int, int, int, int]:
    """Vendor, product, bus and number of the first device of a dump."""
    text = dump.read_text("utf-8", "replace")
    node = re.search(r"^N: bus/usb/(\d+)/(\d+)=([0-9A-F]+)$", text, re.MULTILINE)
    assert node is not None
    raw = bytes.fromhex(node[3])
    return *struct.unpack_from("<HH", raw, 8), int(node[1]), int(node[2])


def script(capture: Path, bus: int, number: int) -> list[Step]:
    """What was done to a device, in order."""
    if capture.suffix == ".ioctl":
        return [step for n, line in enumerate(_urbs(capture)) for step in _both(n, line)]
    packets = [packet for packet in _packets(capture) if packet[1:3] == (bus, number)]
    ends = _ends(packets)
    steps: list[Step] = []
    numbers: dict[int, int] = {}
    for place, packet in enumerate(packets):
        key, *_, event, kind, endpoint, setup, length, data, _status = packet
        if event == "S":
            numbers[key] = place
            answer, status = ends.get(place, (b"", -2))
            reads = (setup[0] if kind == "control" else endpoint) & 0x80
            steps.append(
                ("S", place, kind, endpoint, length, setup, answer if reads else data, status)
            )
        elif key in numbers:
            steps.append(("C", numbers.pop(key), kind, endpoint, 0, b"", b"", _status))
    return steps


_KINDS = ("isochronous", "interrupt", "control", "bulk")


def _packets(path: Path) -> Iterator[tuple[int, int, int, str, str, int, bytes, int, bytes, int]]:
    data, at = path.read_bytes(), 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 6:
            raw = data[at + 28 : at + size - 4]
            key, event, transfer, endpoint, number, bus = struct.unpack_from("<QcBBBH", raw)
            status, length, captured = struct.unpack_from("<iII", raw, 28)
            yield (
                *(key, bus, number, event.decode(), _KINDS[transfer], endpoint),
                *(raw[40:48], length, raw[64 : 64 + captured], status),
            )
        at += size


def _ends(
    packets: list[tuple[int, int, int, str, str, int, bytes, int, bytes, int]],
) -> dict[int, tuple[bytes, int]]:
    begun: dict[int, int] = {}
    ends: dict[int, tuple[bytes, int]] = {}
    for place, packet in enumerate(packets):
        if packet[3] == "S":
            begun[packet[0]] = place
        elif packet[0] in begun:
            ends[begun.pop(packet[0])] = packet[8], packet[9]
    return ends


def _urbs(path: Path) -> list[list[str]]:
    lines = [line.split() for line in path.read_text().splitlines()]
    return [line for line in lines if line and line[0].startswith("USBDEVFS_REAPURB")]


def _both(number: int, line: list[str]) -> tuple[Step, Step]:
    endpoint, status, length = int(line[3]), int(line[4]), int(line[6])
    data = bytes.fromhex(line[9]) if len(line) > 9 else b""
    kind = _KINDS[int(line[2])]
    begin: Step = ("S", number, kind, endpoint, length, b"", data, status)
    return begin, ("C", number, kind, endpoint, 0, b"", b"", status)
