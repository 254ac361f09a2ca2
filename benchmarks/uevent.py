"""How long after a uevent the row of its device is painted in the window.

A TUN interface of our own gets another MTU and then a synthetic `change` event, which makes
every listener read it again. Ours: through the runtime, its client, the mirror and the model
to the end of the row's paint. Peer: `udevadm monitor --kernel` printing its line.
Invariant: the clock starts right before the write to the device's `uevent` file.
"""

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Benchmark, Sample

NAME = "inspector0"
TIMEOUT = 30.0  # seconds
QUIET = 0.15  # seconds before an event: the window batches what follows within 0.1 of another
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI, _SIOCSIFMTU = 0x400454CA, 0x1, 0x1000, 0x8922
_SMALLEST_MTU = 1000


class Interface:
    """A network interface that is there as long as this object is open."""

    def __init__(self) -> None:
        self._tun = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", NAME.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(self._tun, _TUNSETIFF, request)
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._uevent = os.open(f"/sys/class/net/{NAME}/uevent", os.O_WRONLY)
        self._mtu = _SMALLEST_MTU

    def change(self) -> int:
        """Give it another MTU, once all is quiet; tells nobody. Return it."""
        time.sleep(QUIET)
        self._mtu = _SMALLEST_MTU + (self._mtu - _SMALLEST_MTU + 1) % 400
        request = struct.pack("16si20x", NAME.encode(), self._mtu)
        fcntl.ioctl(self._control, _SIOCSIFMTU, request)
        return self._mtu

    def send_event(self) -> int:
        """Have the kernel send a `change` event; return when, by the monotonic clock."""
        began = time.perf_counter_ns()
        os.write(self._uevent, b"change")
        return began

    def close(self) -> None:
        """Remove the interface."""
        self._control.close()
        os.close(self._uevent)
        os.close(self._tun)


_interface: list[Interface] = []


@contextmanager
def _shared_interface() -> Iterator[Interface]:
    """The one interface of both contenders."""
    owner = not _interface
    if owner:
        _interface.append(Interface())
    try:
        yield _interface[0]
    finally:
        if owner:
            _interface.pop().close()


@contextmanager
def ours() -> Iterator[Sample]:
    """The whole program off screen, with a probe at its painting."""
    with _shared_interface() as interface, tempfile.TemporaryDirectory() as state:
        probe = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.paint_probe", NAME],
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

            def sample() -> float:
                assert probe.stdout is not None
                wanted = f"{interface.change()}\n"
                began = interface.send_event()
                while (painted := probe.stdout.readline()) != wanted:
                    if not painted:  # other lines: painted for another reason, with the old MTU
                        raise ChildProcessError("paint probe: expected a paint, found its end")
                return (time.perf_counter_ns() - began) / 1e3

            yield sample
            probe.stdin.close()  # the probe quits, and its runtime with it


@contextmanager
def peer() -> Iterator[Sample]:
    """`udevadm monitor --kernel`, as one would watch in a terminal."""
    with _shared_interface() as interface:
        monitor = subprocess.Popen(
            ["udevadm", "monitor", "--kernel"], stdout=subprocess.PIPE, bufsize=0
        )
        with monitor:
            assert monitor.stdout is not None
            for line in monitor.stdout:
                if line.startswith(b"KERNEL - "):
                    break  # it listens now

            def sample() -> float:
                assert monitor.stdout is not None
                interface.change()
                while select.select([monitor.stdout], [], [], 0)[0]:
                    os.read(monitor.stdout.fileno(), 65536)  # events of ours' rounds
                began = interface.send_event()
                while f"/{NAME} ".encode() not in os.read(monitor.stdout.fileno(), 65536):
                    pass
                return (time.perf_counter_ns() - began) / 1e3

            yield sample
            monitor.terminate()


UEVENT = Benchmark(
    name="uevent",
    summary="uevent → row painted",
    unit="µs",
    goal=4.0,
    ours=ours,
    peer=peer,
    samples=20,
    note="ours paints off screen; the peer only prints a line",
)
