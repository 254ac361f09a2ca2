"""A HID device for tests: a keyboard that everybody understands, and keys of its vendor's own.

`python hid_device.py FIFO DESCRIPTOR [VENDOR PRODUCT]` makes it by /dev/uhid and has it say each
line of the pipe, a report, until the pipe's line is ``unplug``; all in hexadecimal. It keeps what
it is sent, and gives it back.
Invariant: standard library only; its device ends with it.
"""

import os
import select
import struct
import sys
from pathlib import Path

EVENT = 4380  # bytes of struct uhid_event
DESTROY, GET_REPORT, GET_REPLY, CREATE, INPUT, SET_REPORT, SET_REPLY = 1, 9, 10, 11, 12, 13, 14
USB = 3
VENDOR, PRODUCT = 0x1209, 0x0002


def main(fifo: str, descriptor: bytes, vendor: int = VENDOR, product: int = PRODUCT) -> None:
    """Serve until it is unplugged."""
    uhid = os.open("/dev/uhid", os.O_RDWR)
    names = (b"Odd Keyboard", b"test/odd", b"ODD1")
    numbers = (len(descriptor), USB, vendor, product, 0x0100, 0)
    os.write(uhid, struct.pack("=I128s64s64sHHIIII", CREATE, *names, *numbers) + descriptor)
    os.mkfifo(fifo)
    lines = os.fdopen(os.open(fifo, os.O_RDWR), "rb", buffering=0)
    poll = select.poll()
    poll.register(uhid, select.POLLIN)
    poll.register(lines, select.POLLIN)
    kept: dict[tuple[int, int], bytes] = {}
    while True:
        for ready, _ in poll.poll():
            if ready == uhid:
                answer(uhid, os.read(uhid, EVENT), kept)
                continue
            line = lines.readline().strip()
            if line == b"unplug":
                os.close(uhid)
                Path(fifo).unlink()
                return
            report = bytes.fromhex(line.decode())
            os.write(uhid, struct.pack("=IH", INPUT, len(report)) + report)


def answer(uhid: int, event: bytes, kept: dict[tuple[int, int], bytes]) -> None:
    """Keep a report that is set, and give back one that is asked for."""
    (kind,) = struct.unpack_from("=I", event)
    if kind == SET_REPORT:
        request, number, rtype, size = struct.unpack_from("=IBBH", event, 4)
        kept[rtype, number] = event[12:][:size]
        os.write(uhid, struct.pack("=IIH", SET_REPLY, request, 0))
    elif kind == GET_REPORT:
        request, number, rtype = struct.unpack_from("=IBB", event, 4)
        data = kept.get((rtype, number), b"")
        error = 0 if data else 5
        os.write(uhid, struct.pack("=IIHH", GET_REPLY, request, error, len(data)) + data)


if __name__ == "__main__":
    main(sys.argv[1], bytes.fromhex(sys.argv[2]), *(int(each, 16) for each in sys.argv[3:5]))
