"""A fatal signal leaves the processor's state behind, and what comes after it is as before."""

import os
import platform
import re
import signal
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.linux import fault, images
from runtime.linux.fault_machines import MACHINES, SIGINFO, STACK
from runtime.model.crash_report import Fault
from runtime.model.native import UNSEEN
from tests.unit.linux.crashing import left_by

needs_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64's registers")

CHILD = """
import ctypes, faulthandler, os, signal, sys
from runtime.linux import fault, images
file = int(sys.argv[1])
faulthandler.enable(file)
fault.record(file)
for image in images.read(os.getpid()).images:
    if image.name.startswith("libc."):
        print(image.start, image.end, flush=True)
"""


def crashed(code: str) -> tuple[bytes, int, range]:
    """What a process leaves that ends by `code`: its file, its exit code, where its libc was."""
    left = left_by(CHILD + code)
    start, end = map(int, left.output.split())
    return left.file, left.code, range(start, end)


def read(left: bytes) -> tuple[Fault, dict[str, int]]:
    """The record, which has to be there, and its registers."""
    found = fault.read(left)
    assert found is not None
    return found, dict(found.registers)


@needs_x86
@pytest.mark.parametrize(
    ("code", "access", "address"),
    [
        ("ctypes.memset(0x1230, 7, 1)", "write", 0x1230),
        ("ctypes.string_at(0x4560, 1)", "read", 0x4560),
        ("ctypes.CFUNCTYPE(None)(0x7890)()", "execute", 0x7890),
    ],
)
def test_a_bad_address_is_recorded_with_the_registers(code: str, access: str, address: int) -> None:
    left, exit_code, _ = crashed(code)
    assert exit_code == -signal.SIGSEGV
    found, registers = read(left)
    assert (found.signal, found.access, found.address) == (signal.SIGSEGV, access, address)
    assert registers["cr2"] == address
    assert (registers["rip"] == address) is (access == "execute")
    assert b"Fatal Python error: Segmentation fault" in left[fault.SIZE :]
    assert b"Current thread" in left[fault.SIZE :]


@needs_x86
@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("os.abort()", signal.SIGABRT),
        ("signal.raise_signal(signal.SIGSEGV)", signal.SIGSEGV),
        ("signal.raise_signal(signal.SIGFPE)", signal.SIGFPE),
    ],
)
def test_a_signal_that_was_sent_has_no_address(code: str, number: int) -> None:
    left, exit_code, libc = crashed(code)
    assert exit_code == -number
    found, registers = read(left)
    assert (found.signal, found.address) == (number, None)
    assert registers["rip"] in libc
    assert b"Fatal Python error" in left[fault.SIZE :]


@needs_x86
def test_a_thread_says_for_whom_it_works_while_it_does() -> None:
    """Of two that work at once the one that ends the process is told; what has left is not."""
    left, _, _ = crashed("""
import threading
def work(whom, then):
    with fault.working_for(whom):
        then()
def both():
    other = threading.Thread(target=work, args=(2, lambda: ctypes.string_at(0)))
    other.start()
    other.join()
with fault.working_for(3):
    pass
work(1, both)
""")
    current = re.search(rb"Current thread (0x\w+)", left)
    assert current is not None
    assert fault.worker(left, int(current[1], 16)) == 2
    assert fault.worker(left, 0) == 0
    (other,) = set(re.findall(rb"Thread (0x\w+)", left)) - {current[1]}
    assert fault.worker(left, int(other, 16)) == 1


@needs_x86
def test_the_stack_holds_the_callers() -> None:
    left, _, libc = crashed("os.abort()")
    words = struct.unpack(f"={STACK // 8}Q", fault.stack(left))
    assert any(word in libc for word in words)


@needs_x86
def test_a_broken_stack_pointer_leaves_the_registers_and_no_stack() -> None:
    left, exit_code, _ = crashed(
        "import mmap\n"
        "code = mmap.mmap(-1, 4096, prot=7)\n"
        "code.write(bytes.fromhex('48c7c408000000 488b042500000000'))\n"  # rsp = 8; rax = [0]
        "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()\n"
    )
    assert exit_code == -signal.SIGSEGV
    _, registers = read(left)
    assert registers["rsp"] == 8
    assert fault.stack(left) == bytes(STACK)
    assert b"Current thread" in left[fault.SIZE :]


def test_registers_of_aarch64_are_read_from_where_its_kernel_puts_them() -> None:
    numbers = range(0x1000, 0x1000 + 34)  # the faulting address, x0 to x30, sp, pc
    context = bytes(176) + struct.pack("<35Q", *numbers, 0x6000_0000)
    signals = struct.pack("<iii4xQ", signal.SIGSEGV, 0, 1, 0x4560).ljust(SIGINFO, b"\0")
    found = fault.read((signals + context).ljust(fault.SIZE, b"\0"), MACHINES["aarch64"])
    assert found is not None
    registers = dict(found.registers)
    assert (found.address, registers["fault_address"], found.access) == (0x4560, 0x1000, "")
    assert (registers["fault_address"], registers["x0"], registers["x30"]) == (
        0x1000,
        0x1001,
        0x101F,
    )
    assert (registers["sp"], registers["pc"], registers["pstate"]) == (0x1020, 0x1021, 0x6000_0000)


def test_an_ordinary_end_leaves_no_record() -> None:
    left, exit_code, _ = crashed("raise SystemExit(3)")
    assert exit_code == 3
    assert fault.read(left) is None


@given(st.binary(max_size=400), st.sampled_from([0, 400, fault.SIZE]))
def test_whatever_a_process_wrote_is_a_record_or_none(noise: bytes, size: int) -> None:
    for machine in MACHINES.values():
        found = fault.read(noise.ljust(size, b"\0"), machine)
        assert found is None or found.signal in fault.SIGNALS
        assert found is None or tuple(dict(found.registers)) == machine.registers


@needs_x86
def test_a_place_is_named_by_its_file() -> None:
    own = images.read(os.getpid()).images
    libc = next(image for image in own if image.name.startswith("libc."))
    assert images.place(own, libc.start + 5) == f"{libc.name}+{libc.offset + 5:#x}"
    assert images.place(own, 1) == ""
    assert images.read(2**22 + 1) == UNSEEN
