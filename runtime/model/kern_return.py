"""`kern_return_t` codes with Apple's numbers.

Source: xnu iokit/IOKit/IOReturn.h; IOUSBHostFamily.h for the USB ones.
Invariant: a number has one name, and it is Apple's.
"""

import enum


class IOReturn(enum.IntEnum):
    """What DriverKit calls return on macOS; here `IOReturnError` carries one."""

    SUCCESS = 0
    ERROR = 0xE00002BC
    NO_MEMORY = 0xE00002BD
    NO_RESOURCES = 0xE00002BE
    NO_DEVICE = 0xE00002C0
    NOT_PRIVILEGED = 0xE00002C1
    BAD_ARGUMENT = 0xE00002C2
    EXCLUSIVE_ACCESS = 0xE00002C5
    UNSUPPORTED = 0xE00002C7
    NOT_OPEN = 0xE00002CD
    BUSY = 0xE00002D5
    TIMEOUT = 0xE00002D6
    OFFLINE = 0xE00002D7
    NOT_READY = 0xE00002D8
    NOT_ATTACHED = 0xE00002D9
    NOT_PERMITTED = 0xE00002E2
    NO_SPACE = 0xE00002DB
    OVERRUN = 0xE00002E8
    UNDERRUN = 0xE00002E7
    ABORTED = 0xE00002EB
    NOT_RESPONDING = 0xE00002ED
    NOT_FOUND = 0xE00002F0
    USB_PIPE_STALLED = 0xE0005000
    USB_TRANSACTION_TIMEOUT = 0xE0005001
