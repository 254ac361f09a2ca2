"""What a peer runs in place of a driver: imports what a driver imports, says so, and waits.

Invariant: one write of its pid to the FIFO that is its argument, when it is ready.
"""

import os
import signal
import struct
import sys

import runtime.driverkit  # noqa: F401  # what a driver has imported before its bundle

PID = struct.Struct("=i")


def main() -> None:
    """Say which process is ready; end by a signal."""
    fifo = os.open(sys.argv[1], os.O_WRONLY)
    os.write(fifo, PID.pack(os.getpid()))
    os.close(fifo)
    signal.pause()


if __name__ == "__main__":
    main()
