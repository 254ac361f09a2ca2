"""Runs in the guest: what a driver can do with a node that was lent to it for interface 0.

The device is the loopback, whose interface 1 another open of the node has claimed. Each attack is
tried by the kernel's checks alone, and again behind the filter of system calls of a driver.
Argument: the node. Prints one JSON object by attack: the error's name, "" where it was let through.
"""

import asyncio
import ctypes
import errno
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from runtime.families.simulated import models
from runtime.families.usb.device import UsbfsDevice
from runtime.host import policy
from runtime.linux import privileges, seccomp
from runtime.linux import usbfs_abi as abi
from runtime.linux.libc import function
from runtime.linux.usbfs import UrbType, Usbfs
from runtime.wire.broker import ServeUsb
from runtime.wire.zygote import Role

CONTROL = 0xC0185500  # USBDEVFS_CONTROL
CLAIM_INTERFACE, RESET_EP = 0x8004550F, 0x80045503
RELEASE_PORT, FREE_STREAMS = 0x80045519, 0x8008551D
_OTHER = models.COUNTER_IN


class _ControlTransfer(ctypes.Structure):
    """usbdevfs_ctrltransfer."""

    _fields_ = (
        ("request_type", ctypes.c_uint8),
        ("request", ctypes.c_uint8),
        ("value", ctypes.c_uint16),
        ("index", ctypes.c_uint16),
        ("length", ctypes.c_uint16),
        ("timeout", ctypes.c_uint32),
        ("data", ctypes.c_void_p),
    )


def attacks(fd: int) -> dict[str, Callable[[], object]]:
    """By name; each raises OSError when it is denied."""
    node = Usbfs(fd)
    claim = abi.Claim(interface=1, flags=0, driver=b"")
    mask = ctypes.c_uint32(0xFFFF_FFFF)
    whole = _ControlTransfer(0x00, 9, 0, 0, 0, 1000, None)  # SET_CONFIGURATION 0
    another, endpoint = ctypes.c_uint(1), ctypes.c_uint(_OTHER)
    streams = (ctypes.c_uint * 3)(0, 1, _OTHER)  # usbdevfs_streams of one endpoint

    def urb(setup: bytes) -> Callable[[], object]:
        return lambda: node.submit(UrbType.CONTROL, 0, bytearray(setup))

    return {
        "claim another interface": lambda: _ask(fd, abi.CLAIM, claim),
        "claim another interface and wait": lambda: _ask(fd, CLAIM_INTERFACE, another),
        "release another interface": lambda: node.release(1),
        "disconnect another's driver": lambda: node.disconnect(1),
        "connect another's driver": lambda: node.connect(1),
        "disconnect its own driver": lambda: node.disconnect(0),
        "select another's setting": lambda: node.set_interface(1, 0),
        "read another's endpoint": lambda: node.submit(UrbType.INTERRUPT, _OTHER, bytearray(8)),
        "clear another's halt": lambda: node.clear_halt(_OTHER),
        "reset another's endpoint": lambda: _ask(fd, RESET_EP, endpoint),
        "free another's streams": lambda: _ask(fd, FREE_STREAMS, streams),
        "release a port": lambda: _ask(fd, RELEASE_PORT, another),
        "a control URB to another interface": urb(bytes([0x21, 9, 0, 0, 1, 0, 0, 0])),
        "a vendor's control URB to another interface": urb(bytes([0x41, 1, 0, 0, 1, 0, 0, 0])),
        "a control URB to another's endpoint": urb(bytes([0x02, 1, 0, 0, _OTHER, 0, 0, 0])),
        "read the status of another's endpoint": urb(bytes([0x82, 0, 0, 0, _OTHER, 0, 0, 0])),
        "a control URB that sets a feature": urb(bytes([0x00, 3, 1, 0, 0, 0, 0, 0])),
        "reset": node.reset,
        "set the configuration": lambda: node.set_configuration(-1 & 0xFFFF_FFFF),
        "a control request of the whole device": lambda: _ask(fd, CONTROL, whole),
        "widen its privileges": lambda: _ask(fd, abi.DROP_PRIVILEGES, mask),
        "then claim another interface": lambda: _ask(fd, abi.CLAIM, claim),
    }


def _ask(fd: int, code: int, argument: Any) -> None:
    function("ioctl", fd, code, ctypes.addressof(argument))


def _tried(fd: int) -> dict[str, str]:
    said = {}
    for name, attack in attacks(fd).items():
        try:
            attack()
        except OSError as error:
            said[name] = errno.errorcode[error.errno or 0]
        else:
            said[name] = ""
    return said


def _in_child(fd: int, *, filtered: bool) -> dict[str, str]:
    """What a process of an ordinary user gets, with a driver's filter or without."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        privileges.become(65534)
        privileges.drop_capabilities()
        privileges.forbid_new_privileges()
        if filtered:
            rules = policy.rules(Role.DRIVER)
            seccomp.load(seccomp.assemble(policy.architecture(), rules))
        os.write(writing, json.dumps(_tried(fd)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said: dict[str, str] = json.loads(pipe.read())
    os.waitpid(pid, 0)
    return said


async def main(path: str) -> None:
    """Lend interface 0, claim interface 1, and try."""
    device = UsbfsDevice(os.open(path, os.O_RDWR), ServeUsb(1))
    other = Usbfs(os.open(path, os.O_RDWR))
    device.take(0)
    other.claim(1)
    fresh = os.open(path, os.O_RDWR)
    device.lend(0, fresh)
    own = Usbfs(fresh).submit(UrbType.BULK, models.BULK_OUT, bytearray(b"mine"))
    found = {
        "kernel": _in_child(fresh, filtered=False),
        "filter": _in_child(fresh, filtered=True),
        "own": bool(own),
    }
    other.submit(UrbType.INTERRUPT, _OTHER, bytearray(8))  # it goes on
    os.close(fresh)
    device.give_back(0)
    device.close()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
