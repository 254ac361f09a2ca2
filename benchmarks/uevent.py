"""How long after a uevent the row of its device is painted in the window.

Each sample makes a TUN interface; the kernel's `add` event is the start of its row. Ours:
through the runtime, its client, the mirror and the model to the end of the row's paint. Peer:
`udevadm monitor --kernel` printing its line.
Invariant: the clock starts right before the interface is made, for both alike.
"""

import contextlib
import fcntl
import itertools
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.harness import Benchmark, Sample

NAME = "inspector"
TIMEOUT = 30.0  # seconds
QUIET = 0.3  # seconds before an event: a change within 0.1 of another waits for the batch
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x1, 0x1000


class Interface:
    """A network interface that is there until it is closed."""

    def __init__(self, suffix: str) -> None:
        self.name = NAME + suffix
        self._tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self._tun, _TUNSETIFF, struct.pack("16sH22x", self.name.encode(), _FLAGS))

    def close(self) -> None:
        """Remove it."""
        os.close(self._tun)


_FLAGS = _IFF_TUN | _IFF_NO_PI
_numbers = itertools.count(9999, -1)  # each row comes above the last one's tombstone


def _plugged(wait: Callable[[str], None]) -> float:
    """Make an interface once all is quiet; microseconds until `wait` has seen its name."""
    suffix = str(next(_numbers))
    time.sleep(QUIET)
    began = time.perf_counter_ns()
    interface = Interface(suffix)
    try:
        wait(interface.name)
        return (time.perf_counter_ns() - began) / 1e3
    finally:
        interface.close()


@contextmanager
def painting() -> Iterator[Callable[[str], None]]:
    """The whole program off screen; gives what waits until an interface's row is painted."""
    first = Interface("z")  # in view, and the others appear above it
    with contextlib.closing(first), tempfile.TemporaryDirectory() as state:
        probe = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.paint_probe", first.name],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "IOREGISTRY_STATE_DIR": state},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with probe:
            assert probe.stdout is not None
            assert probe.stdin is not None
            if not probe.stdout.readline():
                raise ChildProcessError("paint probe: expected a window, found its end")

            def wait(name: str) -> None:
                assert probe.stdout is not None
                while (painted := probe.stdout.readline()) != f"{name}\n":
                    if not painted:
                        raise ChildProcessError("paint probe: expected a paint, found its end")

            yield wait
            probe.stdin.close()  # the probe quits, and its runtime with it


@contextmanager
def printing() -> Iterator[Callable[[str], None]]:
    """`udevadm monitor --kernel`; gives what waits until it has printed an interface's line."""
    monitor = subprocess.Popen(
        ["udevadm", "monitor", "--kernel"], stdout=subprocess.PIPE, bufsize=0
    )
    with monitor:
        assert monitor.stdout is not None
        for line in monitor.stdout:
            if line.startswith(b"KERNEL - "):
                break  # it listens now

        def wait(name: str) -> None:
            assert monitor.stdout is not None
            while f"/{name} ".encode() not in os.read(monitor.stdout.fileno(), 65536):
                pass

        yield wait
        monitor.terminate()


@contextmanager
def ours() -> Iterator[Sample]:
    """The window, as one would have it open."""
    with painting() as wait:
        yield lambda: _plugged(wait)


@contextmanager
def peer() -> Iterator[Sample]:
    """`udevadm monitor --kernel`, as one would watch in a terminal."""
    with printing() as wait:
        yield lambda: _plugged(wait)


UEVENT = Benchmark(
    name="uevent",
    summary="uevent → row painted",
    unit="µs",
    goal=4.0,
    free_goal=6.0,
    ours=ours,
    peer=peer,
    samples=20,
    note="ours paints off screen; the peer only prints a line",
)
