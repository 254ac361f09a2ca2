"""Every maximum of the protocols, with its reason. Sizes are bytes unless named otherwise.

Invariant: every length that a peer chooses is bounded by one of these.
"""

from typing import Annotated, TypeVar

from msgspec import Meta

from runtime.model.hid import LONGEST_REPORT

T = TypeVar("T")

CLIENT_VERSION = 1  # of the client protocol; a runtime speaks with clients of its own version only
DRIVER_VERSION = 1  # of the driver protocol; both ends come from one installation

FRAME = 1 << 20  # one message of a client
ANSWER = 16 << 20  # one message of the runtime to a client: all records; snapshots use `PART`
PART = 64 << 10  # one part of a snapshot or delta: keeps a reader's turn short
PACKET = 128 << 10  # one driver packet: fits the default SO_SNDBUF (212,992) with its overhead
CODE = 96 << 10  # compiled code of one module: in one packet with the rest of `Load`
DESCRIPTORS = 16  # descriptors beside one packet: a device's nodes at most

NAME = 256  # names of entries, classes, drivers, methods, in characters
TEXT = 4096  # a sentence, a path, a log line, in characters
FRAMES = 64  # Python frames of one crash
ITEMS = 65_536  # elements of any list on the wire
TRANSFER = 64 << 10  # payload of one mediated transfer
TRANSFER_MEMORY = 16 * TRANSFER  # that a broker shares with a driver for its transfers
MEMORY = 16 << 20  # one memory descriptor that processes share
FRAMES_OF_TRANSFER = 128  # of one isochronous transfer: the kernel's own limit for a URB
REPORT = LONGEST_REPORT  # one HID report
REPORTS = 64  # HID reports in one completion: what a hidraw node keeps for a slow reader
WAIT_MS = 1000  # of one call that waits for a HID report: a library asks again
REPORT_DESCRIPTOR = 4096  # the kernel's HID_MAX_DESCRIPTOR_SIZE
REPORT_RATE = 8000  # reports a second of one published device: the most that a USB device has
HANDLES = 256  # objects that a driver may hold of its provider
OUTSTANDING = 1024  # calls without a reply, each way
LOG_LINES = 500  # a second of one driver's log; what is above is counted, not kept
WAITING_EVENTS = 4096  # events and log lines that wait for one slow client; older ones are dropped
HISTORY_CHUNK = 8 << 20  # a chunk of history when unpacked: one entry's properties are far below
PEM = 512 << 10  # a certificate or a revocation list, as text
PROFILE = 96 << 10  # a configuration profile: with its label in one packet of a worker
HISTORY_PAGE = 512 << 10  # chunks of history in one answer: within a frame

Name = Annotated[str, Meta(max_length=NAME)]
Text = Annotated[str, Meta(max_length=TEXT)]
Code = Annotated[bytes, Meta(max_length=CODE)]
Payload = Annotated[bytes, Meta(max_length=TRANSFER)]
Frames = Annotated[tuple[T, ...], Meta(max_length=FRAMES_OF_TRANSFER)]
Number = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Handle = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]
