"""The assembled filter, run by a small interpreter of classic BPF."""

import errno
import struct

import pytest

from runtime.host import policy
from runtime.linux import usbfs_abi
from runtime.linux.seccomp import Allow, AllowBits, AllowEqual, AllowMasked, Refuse, assemble
from runtime.linux.syscalls import numbers
from runtime.wire.zygote import Role

ARCH = 0xC000003E
ALLOWED = 0x7FFF0000
DENIED = 0x00050000 | errno.EPERM


def run(program: bytes, number: int, *arguments: int, arch: int = ARCH) -> int:
    """What the kernel would answer to one system call."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, arch, 0, *words)
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
            continue
        if operation == 0x54:
            accumulator &= value
            continue
        holds = {
            0x15: accumulator == value,
            0x35: accumulator >= value,
            0x45: bool(accumulator & value),
        }[operation]
        at += if_true if holds else if_false


PROGRAM = assemble(
    ARCH,
    {
        1: Allow(),
        2: AllowEqual(0, (7, 9)),
        3: AllowBits(0, 0x10000),
        4: Refuse(errno.ENOSYS),
        5: AllowEqual(1, (3,)),
        6: AllowMasked(0, 0xFF00, (0x1200,)),
    },
)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ((1,), ALLOWED),
        ((2, 7), ALLOWED),
        ((2, 9), ALLOWED),
        ((2, 8), DENIED),
        ((6, 0x1234), ALLOWED),
        ((6, 0x1334), DENIED),
        ((2, 7 | 1 << 32), ALLOWED),  # the call itself reads 32 bits
        ((3, 0x10011), ALLOWED),
        ((3, 0x0FFFF), DENIED),
        ((4,), 0x00050000 | errno.ENOSYS),
        ((5, 3, 0), DENIED),
        ((5, 0, 3), ALLOWED),
        ((6,), DENIED),
        ((0x40000000 + 1,), DENIED),
    ],
)
def test_answers(call: tuple[int, ...], answer: int) -> None:
    assert run(PROGRAM, *call) == answer


def test_another_calling_convention_is_denied() -> None:
    assert run(PROGRAM, 1, arch=0x40000003) == DENIED


@pytest.mark.skipif(not numbers(), reason="this machine's system calls are not known")
@pytest.mark.parametrize(
    "name", ["socket", "connect", "kill", "ptrace", "execve", "landlock_create_ruleset", "seccomp"]
)
@pytest.mark.parametrize("role", Role)
def test_no_filter_has_a_rule_for(name: str, role: Role) -> None:
    program = assemble(policy.architecture(), policy.rules(role))
    assert run(program, numbers()[name], arch=policy.architecture()) == DENIED


@pytest.mark.skipif(not numbers(), reason="this machine's system calls are not known")
@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("clone", (0x3D0F00,), ALLOWED),  # as pthread_create makes it
        ("clone", (17,), DENIED),  # as fork makes it
        ("fcntl", (3, 8), DENIED),  # F_SETOWN
        ("fcntl", (3, 10), DENIED),  # F_SETSIG
        ("fcntl", (3, 4), ALLOWED),  # F_SETFL
        ("tgkill", (1, 5, 9), ALLOWED),
        ("tgkill", (2, 5, 9), DENIED),
        ("prctl", (4, 1), DENIED),  # PR_SET_DUMPABLE
        ("ioctl", (0, 0x5412), DENIED),  # TIOCSTI
    ],
)
@pytest.mark.parametrize("role", Role)
def test_argument_rules(name: str, arguments: tuple[int, ...], answer: int, role: Role) -> None:
    program = assemble(policy.architecture(), policy.rules(role))
    assert run(program, numbers()[name], *arguments, arch=policy.architecture()) == answer


@pytest.mark.skipif(not numbers(), reason="this machine's system calls are not known")
@pytest.mark.parametrize(
    ("role", "code", "answer"),
    [
        (Role.USB_BROKER, usbfs_abi.SUBMIT, ALLOWED),
        (Role.USB_BROKER, usbfs_abi.CLAIM, ALLOWED),
        (Role.USB_BROKER, 0x5514, ALLOWED),  # USBDEVFS_RESET
        (Role.USB_BROKER, 0x80045505, ALLOWED),  # USBDEVFS_SETCONFIGURATION
        (Role.USB_BROKER, 0xC0185500, DENIED),  # USBDEVFS_CONTROL
        (Role.BROKER, usbfs_abi.SUBMIT, DENIED),
        (Role.DRIVER, usbfs_abi.SUBMIT, ALLOWED),  # of a node that its broker lent it
        (Role.DRIVER, usbfs_abi.SET_INTERFACE, ALLOWED),
        (Role.DRIVER, usbfs_abi.CLAIM, DENIED),
        (Role.DRIVER, usbfs_abi.RESET, DENIED),
        (Role.DRIVER, usbfs_abi.SET_CONFIGURATION, DENIED),
        (Role.DRIVER, usbfs_abi.DRIVER_IOCTL, DENIED),
        (Role.DRIVER, usbfs_abi.DROP_PRIVILEGES, DENIED),
        (Role.DRIVER, 0xC0185500, DENIED),  # USBDEVFS_CONTROL
    ],
)
def test_what_may_be_asked_of_a_usb_device_s_node(role: Role, code: int, answer: int) -> None:
    program = assemble(policy.architecture(), policy.rules(role))
    assert run(program, numbers()["ioctl"], 9, code, arch=policy.architecture()) == answer
