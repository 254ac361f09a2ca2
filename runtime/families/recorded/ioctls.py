"""Transfers of one device from umockdev's recording of its node's ioctls.

A line an ioctl, indented below what it followed: of a reaped URB its result, type, endpoint,
status, flags, buffer length, moved length, errors, and the buffer in hexadecimal.
Source: umockdev src/ioctl_tree.c (usbdevfs_reapurb_write).
Invariant: pure; the order of the lines is the order of the transfers.
"""

import re

from runtime.families.recorded.recording import EXCHANGES, Exchange
from runtime.model.errors import ProblemError
from runtime.model.usb import TransferType

_DEVICE = re.compile(r"@DEV /dev/(\S+)")
_URB = re.compile(
    r"USBDEVFS_REAPURB(?:NDELAY)? -?\d+ (\d) (\d{1,3}) (-?\d{1,6}) \d+ (\d{1,9}) (\d{1,9}) \d+ ?"
    r"([0-9A-Fa-f]*)"
)
_KINDS = {
    0: TransferType.ISOCHRONOUS,
    1: TransferType.INTERRUPT,
    2: TransferType.CONTROL,
    3: TransferType.BULK,
}
_SETUP = 8


def looks_like(data: bytes) -> bool:
    """Whether a file is a recording of ioctls: a line of it is near its top."""
    return re.search(rb"^(@DEV |\s*USBDEVFS_)", data[:4096], re.MULTILINE) is not None


def read(data: bytes, node: str, name: str) -> tuple[Exchange, ...]:
    """The transfers of the device with this node below /dev, in the order of the lines.

    Raises:
        ProblemError: ``invalid``: a line is not what it has to be, or it is of another device.
    """
    exchanges: list[Exchange] = []
    for number, line in enumerate(data.decode("ascii", "replace").splitlines(), 1):
        text = line.strip()
        owner = _DEVICE.fullmatch(text)
        if owner and node and owner[1] != node:
            raise ProblemError(
                "invalid", f"{name}: expected ioctls of /dev/{node}, found of /dev/{owner[1]}"
            )
        if not text.startswith("USBDEVFS_REAPURB"):
            continue
        urb = _URB.fullmatch(text)
        if urb is None or int(urb[1]) not in _KINDS or len(urb[6]) % 2 or _no_setup(urb):
            raise ProblemError(
                "invalid", f"{name}: line {number}: expected a reaped URB, found {text[:60]!a}"
            )
        if len(exchanges) >= EXCHANGES:
            raise ProblemError("invalid", f"{name}: expected at most {EXCHANGES} URBs, found more")
        exchanges.append(_exchange(urb, 2 * len(exchanges)))
    return tuple(exchanges)


def _no_setup(urb: re.Match[str]) -> bool:
    return _KINDS[int(urb[1])] is TransferType.CONTROL and len(urb[6]) < 2 * _SETUP


def _exchange(urb: re.Match[str], place: int) -> Exchange:
    kind = _KINDS[int(urb[1])]
    endpoint, status, length = int(urb[2]), abs(int(urb[3])), int(urb[4])
    data, setup = bytes.fromhex(urb[6]), b""
    if kind is TransferType.CONTROL:
        endpoint, length = 0, max(0, length - _SETUP)
        setup, data = data[:_SETUP], data[_SETUP:]
    return Exchange(kind, endpoint, length, data, place, place + 1, status, setup)
