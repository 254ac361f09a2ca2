"""Recordings of a made-up device, in each form that one can lie in."""

import struct

BEGIN, END = 0, 1
DEVICE = bytes.fromhex("12010002ff000040091234120001010203 01".replace(" ", ""))
CONFIGURATION = bytes.fromhex(
    "09022000010100803209040000 02ff000000 0705810240000 0 07050102400000".replace(" ", "")
)
BULK, CONTROL, INTERRUPT = 3, 2, 1

DUMP = (
    "P: /devices/pci0000:00/usb1/1-1\n"
    f"N: bus/usb/001/004={(DEVICE + CONFIGURATION).hex().upper()}\n"
    "E: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
    "A: bConfigurationValue=1\\n\nA: speed=480\nA: manufacturer=Acme\nA: product=Thing\n"
    "A: serial=7\n\n"
    "P: /devices/pci0000:00/usb1\nE: DEVTYPE=usb_device\nN: bus/usb/001/001=1201\n"
)

LSUSB = """
Bus 001 Device 004: ID 1209:1234 Acme Thing
Device Descriptor:
  bLength                18
  bDescriptorType         1
  bcdUSB               2.00
  bDeviceClass          255 Vendor Specific Class
  bDeviceSubClass         0
  bDeviceProtocol         0
  bMaxPacketSize0        64
  idVendor           0x1209 Generic
  idProduct          0x1234
  bcdDevice            1.00
  iManufacturer           1 Acme
  iProduct                2 Thing
  iSerial                 3 7
  bNumConfigurations      1
  Configuration Descriptor:
    bLength                 9
    bDescriptorType         2
    wTotalLength       0x0020
    bNumInterfaces          1
    bConfigurationValue     1
    iConfiguration          0
    bmAttributes         0x80
      (Bus Powered)
    MaxPower              100mA
    Interface Descriptor:
      bLength                 9
      bDescriptorType         4
      bInterfaceNumber        0
      bAlternateSetting       0
      bNumEndpoints           2
      bInterfaceClass       255 Vendor Specific Class
      bInterfaceSubClass      0
      bInterfaceProtocol      0
      iInterface              0
      Endpoint Descriptor:
        bLength                 7
        bDescriptorType         5
        bEndpointAddress     0x81  EP 1 IN
        bmAttributes            2
        wMaxPacketSize     0x0040  1x 64 bytes
        bInterval               0
      Endpoint Descriptor:
        bLength                 7
        bDescriptorType         5
        bEndpointAddress     0x01  EP 1 OUT
        bmAttributes            2
        wMaxPacketSize     0x0040  1x 64 bytes
        bInterval               0
Device Status:     0x0000
"""


def packet(
    number: int,
    event: str,
    kind: int,
    endpoint: int,
    data: bytes = b"",
    status: int = 0,
    length: int = -1,
    setup: bytes = b"",
    device: int = 4,
) -> bytes:
    """A packet of usbmon, of bus 1, with the longer header."""
    size = len(data) if length < 0 else length
    head = struct.pack("<QcBBBH", number, event.encode(), kind, endpoint, device, 1)
    head += (b"\0" if setup else b"-") + b"\0" + bytes(12)
    head += struct.pack("<iII", status, size, len(data))
    return head + (setup or bytes(8)) + bytes(16) + data


def frames(number: int, event: str, endpoint: int, each: list[tuple[int, bytes]]) -> bytes:
    """A packet of usbmon, of an isochronous transfer: each frame's status and data."""
    described = b"".join(
        struct.pack("<iII4x", status, 64 * place, len(data))
        for place, (status, data) in enumerate(each)
    )
    whole = described + b"".join(data.ljust(64, b"\xee") for _, data in each)
    made = packet(number, event, 0, endpoint, whole)
    return made[:60] + struct.pack("<I", len(each)) + made[64:]


def irp(
    number: int,
    info: int,
    kind: int,
    endpoint: int,
    data: bytes = b"",
    status: int = 0,
    stage: int | None = None,
    device: int = 4,
) -> bytes:
    """A packet of USBPcap, of bus 1; of a control transfer in its stage."""
    tail = b"" if stage is None else bytes([stage])
    head = struct.pack("<QIHBHHBBI", number, status, 9, info, 1, device, endpoint, kind, len(data))
    return struct.pack("<H", len(head) + 2 + len(tail)) + head + tail + data


def pcap(packets: list[bytes], link: int) -> bytes:
    """A file of the older form."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, link)
    return head + b"".join(struct.pack("<4I", 0, 0, len(p), len(p)) + p for p in packets)


def pcapng(packets: list[bytes], link: int = 220, order: str = "<") -> bytes:
    """A file of one section and one interface."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack(f"{order}I", len(body) + 12)
        return struct.pack(f"{order}I", kind) + size + body + size

    section = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack(f"{order}HHI", link, 0, 0))
    enhanced = [
        block(6, struct.pack(f"{order}5I", 0, 0, 0, len(each), len(each)) + each)
        for each in packets
    ]
    return section + interface + b"".join(enhanced)


CAPTURE = pcapng(
    [
        packet(1, "S", CONTROL, 0x80, length=2, setup=bytes.fromhex("c001020300000200")),
        packet(1, "C", CONTROL, 0x80, b"\x11\x22"),
        packet(2, "S", BULK, 0x81, length=64, status=-115),  # asked before it was told to answer
        packet(3, "S", BULK, 0x01, b"first"),
        packet(3, "C", BULK, 0x01, length=5),
        packet(2, "C", BULK, 0x81, b"one"),
        packet(9, "S", BULK, 0x01, b"of another device", device=5),
        packet(4, "S", BULK, 0x01, b"second"),
        packet(4, "C", BULK, 0x01, length=6),
        packet(5, "S", BULK, 0x81, length=128),
        packet(5, "C", BULK, 0x81, bytes(range(100)), length=100),
    ]
)

_WINDOWS = [  # the same, as an older USBPcap tells it: data in a stage of its own
    irp(1, BEGIN, 2, 0x80, bytes.fromhex("8006000100001200"), stage=0),
    irp(1, END, 2, 0x80, DEVICE, stage=1),
    irp(1, END, 2, 0x80, stage=2),
    irp(1, BEGIN, 2, 0x80, bytes.fromhex("c001020300000200"), stage=0),
    irp(1, END, 2, 0x80, b"\x11\x22", stage=3),
    irp(2, BEGIN, 3, 0x81),
    irp(3, BEGIN, 3, 0x01, b"first"),
    irp(3, END, 3, 0x01),
    irp(2, END, 3, 0x81, b"one"),
    irp(9, BEGIN, 3, 0x01, b"of another device", device=5),
    irp(8, BEGIN, 0xFE, 0),
    irp(4, BEGIN, 3, 0x01, b"second"),
    irp(4, END, 3, 0x01),
    irp(5, BEGIN, 3, 0x81),
    irp(5, END, 3, 0x81, bytes(range(100))),
]
USBPCAP, OLDER_USBPCAP = pcapng(_WINDOWS, link=249), pcap(_WINDOWS, link=249)

STREAM = bytes.fromhex("090222000101008032 0904000000ff000000 0904000101ff000000 07058205400001")
"""A configuration with two settings, of which the second has an isochronous endpoint."""
STREAMED = pcapng(
    [
        packet(1, "S", CONTROL, 0, setup=bytes.fromhex("010b010000000000")),
        packet(1, "C", CONTROL, 0),
        frames(2, "S", 0x82, [(-18, b"")] * 3),
        frames(2, "C", 0x82, [(0, b"a" * 64), (-71, b""), (0, b"bc")]),
        frames(3, "S", 0x82, [(-18, b"")]),
        frames(3, "C", 0x82, [(0, b"d")]),
    ]
)

IOCTLS = (
    "@DEV /dev/bus/usb/001/004\nUSBDEVFS_GET_CAPABILITIES 0 7D000000\n"
    "USBDEVFS_REAPURBNDELAY 0 3 1 0 0 5 5 0 6669727374\n"
    " USBDEVFS_REAPURBNDELAY 0 3 129 0 0 64 3 0 6F6E65\n"
    "USBDEVFS_REAPURB 0 3 1 0 0 6 6 0 7365636F6E64\n"
    " USBDEVFS_REAPURB 0 3 129 -2 0 64 0 0 \n"
)
