"""Runs in the guest: QEMU's edu device interrupts once. `python edu.py FOLDER` of it in sysfs.

Afterwards the line can interrupt again, which `uio_pci_generic` leaves to user space.
Source: QEMU docs/specs/edu.rst; drivers/uio/uio_pci_generic.c; PCI 3.0 section 6.2.2.
Invariant: standard library only; ends when the device's part is done.
"""

import mmap
import os
import struct
import sys
import time
from pathlib import Path

RAISE, ACKNOWLEDGE = 0x60, 0x64
COMMAND = struct.Struct("<H")
AT = 4  # of the command in the configuration
DISABLED = 1 << 10  # in the command, by the kernel: it has seen the interrupt
SECONDS = 60.0


def main() -> None:
    """Raise it, wait until the kernel has it, and quieten it."""
    folder = Path(sys.argv[1])
    registers = os.open(folder / "resource0", os.O_RDWR)
    with mmap.mmap(registers, mmap.PAGESIZE) as mapped:
        words = memoryview(mapped).cast("I")
        words[RAISE // 4] = 1
        configuration = os.open(folder / "config", os.O_RDWR)
        deadline = time.monotonic() + SECONDS
        while not (command := _command(configuration)) & DISABLED:
            if time.monotonic() > deadline:
                sys.exit("edu: expected the kernel to take its interrupt")
            time.sleep(0.01)
        words[ACKNOWLEDGE // 4] = 1
        os.pwrite(configuration, COMMAND.pack(command & ~DISABLED), AT)
        words.release()


def _command(configuration: int) -> int:
    command: int = COMMAND.unpack(os.pread(configuration, COMMAND.size, AT))[0]
    return command


if __name__ == "__main__":
    main()
