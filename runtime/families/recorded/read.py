"""A recording out of the files that it lies in, whatever they are.

Invariant: pure; the bytes come from somebody else, and every error names the file at fault.
"""

from runtime.families.recorded import capture as captures
from runtime.families.recorded import dump, ioctls, lsusb
from runtime.families.recorded.dump import Dumped
from runtime.families.recorded.recording import DESCRIPTORS, Exchange, Recording
from runtime.families.usb import descriptors
from runtime.model.errors import BreachError, ProblemError
from runtime.wire.limits import NAME


def read(device: bytes, capture: bytes | None, name: str, capture_name: str) -> Recording:
    """A recording of a device and, where there is a capture, of its transfers.

    Args:
        device: A umockdev dump, or what `lsusb -v` printed.
        capture: A capture of usbmon or USBPcap, or umockdev's recording of ioctls.
        name: Of the device's file, for errors.
        capture_name: Of the capture's file.

    Raises:
        ProblemError: ``invalid``: a file is not what it has to be.
    """
    dumped = _device(device, name)
    exchanges = () if capture is None else _exchanges(capture, dumped, capture_name)
    told = [dumped.attributes.get(key, "").strip()[:NAME] for key in dump.STRINGS]
    manufacturer, product, serial = told
    return Recording(
        dumped.descriptors,
        dumped.configuration,
        dumped.speed,
        manufacturer,
        product,
        serial,
        exchanges,
    )


def _device(data: bytes, name: str) -> Dumped:
    if dump.looks_like(data):
        found = dump.read(data, name)
    elif lsusb.looks_like(data):
        found = lsusb.read(data, name)
    else:
        raise ProblemError(
            "invalid",
            f"{name}: expected a umockdev dump or the text of `lsusb -v`, found neither",
        )
    try:
        device = descriptors.parse(found.descriptors)
    except BreachError as error:
        raise ProblemError("invalid", f"{name}: {error}") from None
    if not device.configurations or len(found.descriptors) > DESCRIPTORS:
        raise ProblemError("invalid", f"{name}: expected a device's descriptors, found part of it")
    return found


def _exchanges(data: bytes, dumped: Dumped, name: str) -> tuple[Exchange, ...]:
    if captures.looks_like(data):
        return captures.read(data, dumped.address, dumped.descriptors, name)
    if ioctls.looks_like(data):
        return ioctls.read(data, dumped.node, name)
    raise ProblemError(
        "invalid",
        f"{name}: expected a pcapng or pcap file or a recording of ioctls, found another",
    )
