"""Captures that others made, of Linux and of Windows, done again to the devices they are of."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path

from runtime.families.recorded.device import RecordedDevice
from runtime.families.recorded.read import read
from runtime.families.recorded.recording import Exchange, Recording
from runtime.families.usb.provider import End, Transfer
from runtime.model.errors import ReturnError
from runtime.model.usb import TransferType, parse_setup

LARGEST = 1 << 16  # bytes of a capture: the larger ones hold more of the same, at a device's pace
COLLECTED = "liquidctl+collected-device-data"


def recordings(corpora: Path) -> list[tuple[str, Recording]]:
    """The captures of which somebody kept what `lsusb -v` said, too."""
    found = []
    for capture in sorted((corpora / "recordings/usbmon" / COLLECTED).rglob("*.pcap*")):
        product = capture.relative_to(corpora / "recordings/usbmon" / COLLECTED).parts[0]
        texts = (corpora / "recordings/lsusb" / COLLECTED / product).rglob("*")
        files = [each.read_bytes() for each in sorted(texts) if each.is_file()]
        device = next((each for each in files if b"\nDevice Descriptor:" in each), None)
        if device is not None:
            packed = capture.read_bytes()
            data = gzip.decompress(packed) if capture.suffix == ".gz" else packed
            if len(data) > LARGEST:
                continue
            recording = read(device, data, product, capture.name)
            found.append((f"{product}/{capture.name}", recording))
    return found


async def replay(recording: Recording) -> list[str]:
    """Do again what was done; what was otherwise, in words."""
    device = RecordedDevice(recording)
    endpoints = [each for i in device.configuration.interfaces for each in i.endpoints]
    pipes = {each.address: device.pipe(each) for each in endpoints}
    reads: list[tuple[Exchange, asyncio.Future[End]]] = []
    missed: list[str] = []
    for each in recording.exchanges:
        if each.status and each.status != 32:
            continue  # given up by the host
        try:
            if each.kind is TransferType.CONTROL:
                setup = parse_setup(each.setup)
                found = await device.control(setup, b"" if each.is_input else each.data, 0)
                if each.is_input and found != each.data:
                    missed.append(f"place {each.began}: {found.hex()}")
                continue
            ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
            data = b"" if each.is_input else each.data
            length = max(each.length, len(each.data))
            pipes[each.endpoint].submit(Transfer(length, data, ended.set_result), 0)
            reads.append((each, ended))
        except ReturnError as error:
            if not each.status:
                missed.append(f"place {each.began}: {error}")
    answers = sorted((each for each, _ in reads if each.is_input), key=lambda each: each.ended)
    async with asyncio.timeout(10):
        ends = [await ended for each, ended in reads if each.is_input]
    for each, end in zip(answers, ends, strict=True):
        if end.data != each.data:
            missed.append(f"place {each.began}: {end.data.hex()}")
    return missed


def test_collected_captures_replay(corpora: Path, measured: Callable[[str], None]) -> None:
    every = recordings(corpora)
    missed = {name: lost for name, each in every if (lost := asyncio.run(replay(each)))}
    whole = len(every) - len(missed)
    measured(f"recorded USB devices: {whole} of {len(every)} collected captures replay whole")
    assert not missed
    assert len(every) == 9
