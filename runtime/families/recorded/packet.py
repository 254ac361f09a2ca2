"""One packet of a captured bus, whatever captured it.

Invariant: values only.
"""

import enum

import msgspec

from runtime.model.usb import IsochronousFrame, TransferType


class Event(enum.Enum):
    """What a packet tells of its transfer."""

    BEGIN = "begin"
    MORE = "more"  # data of a control transfer that has begun
    END = "end"


class Packet(msgspec.Struct, frozen=True):
    """`id` is the transfer's while it lasts; `status` an errno, positive, 0 for success.

    `length` is what the host asked for, -1 where the capture does not say. `setup` are the eight
    bytes of a control transfer that begins. `frames` are an isochronous transfer's, each with an
    errno as status, and `data` has their bytes one behind the other.
    """

    id: int
    event: Event
    kind: TransferType
    endpoint: int
    device: tuple[int, int]  # bus and number
    status: int
    length: int
    setup: bytes
    data: bytes
    frames: tuple[IsochronousFrame, ...] = ()
