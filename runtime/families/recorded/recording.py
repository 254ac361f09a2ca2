"""A recorded USB device: what it says of itself, and every transfer that was seen on it.

Invariant: values only; `began` and `ended` are places in one order of all that was recorded.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from runtime.model.usb import IsochronousFrame, Speed, TransferType
from runtime.wire import codec
from runtime.wire.limits import Frames, Name

FILE = 64 << 20  # bytes of a file that a recording is read from
EXCHANGES = 1 << 18
DESCRIPTORS = 64 << 10  # bytes

CANCELLED = frozenset({2, 104, 115})  # ENOENT, ECONNRESET: by the host; EINPROGRESS: never ended
GONE = frozenset({19, 108})  # ENODEV, ESHUTDOWN: unplugged


class Exchange(msgspec.Struct, frozen=True, array_like=True):
    """One transfer. `data` is what was moved, to the device or from it.

    `length` is what the host asked for, -1 where nobody knows; `status` an errno, positive, 0 for
    success; `setup` the eight bytes of a control transfer's SETUP packet. `frames` are an
    isochronous transfer's, an errno and how many bytes each, and `data` has their bytes one behind
    the other.
    """

    kind: TransferType
    endpoint: int
    length: int
    data: bytes
    began: int
    ended: int
    status: int = 0
    setup: bytes = b""
    frames: Frames[IsochronousFrame] = ()

    @property
    def is_input(self) -> bool:
        """Whether the device sent the data."""
        return bool((self.setup[0] if self.setup else self.endpoint) & 0x80)

    @property
    def moves(self) -> bool:
        """Whether the device may say something else because of it; for USB's own requests not."""
        if self.kind is TransferType.CONTROL:
            return not self.is_input and bool(self.setup[0] & 0x60)
        return not self.is_input

    @property
    def is_silence(self) -> bool:
        """Whether the device had nothing to say until the host gave up."""
        return self.is_input and not self.data and self.status in CANCELLED


class Recording(msgspec.Struct, frozen=True, array_like=True):
    """One device. `descriptors` are the device's and its configurations', as on the bus."""

    descriptors: Annotated[bytes, Meta(max_length=DESCRIPTORS)]
    configuration: int  # bConfigurationValue of the active one
    speed: Speed = Speed.FULL
    manufacturer: Name = ""
    product: Name = ""
    serial: Name = ""
    exchanges: Annotated[tuple[Exchange, ...], Meta(max_length=EXCHANGES)] = ()

    @property
    def strings(self) -> tuple[str, str, str]:
        """Manufacturer, product and serial number."""
        return self.manufacturer, self.product, self.serial


decode: codec.Decoder[Recording] = codec.Decoder(Recording, "recording of a USB device")
