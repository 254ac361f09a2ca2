"""A runtime of its own for a benchmark, with the sample's extension and device.

Invariant: leaving the stage ends the runtime and removes its folder.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.client.blocking import Connection, connect
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import UnavailableError
from runtime.model.identity import BundleId
from runtime.model.records import Driver, Request, RequestState
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.extensions import Activate, Deactivate, Decide, SetDeveloperMode
from runtime.wire.commands.registry import Subscribe, Topic

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "resources" / "samples" / "SampleUSB.app"
TIMEOUT = 30.0  # seconds


class Stage:
    """What a benchmark does with its runtime."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._drivers: dict[int, Driver] = {}
        connection.call(Subscribe((Topic.DRIVERS,)))
        self._news = connection.messages(TIMEOUT)

    def approve_sample(self) -> None:
        """Have the sample app's extension approved, in developer mode."""
        self._connection.call(SetDeveloperMode(on=True))
        request = self.ask_for_sample()
        if request.state is RequestState.WAITING:
            self.approve(request)

    def ask_for_sample(self) -> Request:
        """Ask for the sample app's extension."""
        return self._connection.call(Activate(str(SAMPLE)))

    def approve(self, request: Request) -> None:
        """Approve what a request shows."""
        self._connection.call(Decide(request.id, request.content_hash, request.nonce, approve=True))

    def remove_sample(self) -> None:
        """Deactivate the sample's extension, and wait until its driver has stopped."""
        self._connection.call(Deactivate(BundleId("com.example.sampleusb.driver")))
        self._wait_stopped()

    def plug_sample(self) -> None:
        """Plug the sample device in."""
        self._connection.call(Plug("sample"))

    def unplug_sample(self) -> None:
        """Unplug it, and wait until its driver has stopped."""
        self._connection.call(Unplug("sample"))
        self._wait_stopped()

    def _wait_stopped(self) -> None:
        while any(driver.state is not DriverState.STOPPED for driver in self._drivers.values()):
            self._hear()

    def wait_for_running(self, count: int) -> list[Driver]:
        """Return the running drivers once there are so many.

        Raises:
            UnavailableError: It did not come to that in time.
        """
        while True:
            found = [each for each in self._drivers.values() if each.state is DriverState.RUNNING]
            if len(found) >= count:
                return found
            self._hear()

    def wait_for_driver(self, state: DriverState, other_than: int = 0) -> Driver:
        """Return the driver once it is in this state, in another process than this one.

        Raises:
            UnavailableError: It did not come to that in time.
        """
        while True:
            for driver in self._drivers.values():
                if driver.state is state and driver.pid != other_than:
                    return driver
            self._hear()

    def _hear(self) -> None:
        message = next(self._news)
        if isinstance(message, wire.Part | wire.Delta):
            self._drivers |= {driver.id: driver for driver in message.drivers}


@contextmanager
def open_stage(*arguments: str) -> Iterator[Stage]:
    """Start a runtime with these further arguments and connect to it."""
    with tempfile.TemporaryDirectory(prefix="ioregistry-benchmark-") as folder:
        socket = Path(folder) / "socket"
        command = [sys.executable, "-m", "runtime", "--socket", str(socket), "--state-dir", folder]
        runtime = subprocess.Popen(
            [*command, "--allow-socket-approval", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            with _connected(socket, runtime) as connection:
                yield Stage(connection)
        finally:
            runtime.terminate()
            runtime.wait(TIMEOUT)


def _connected(socket: Path, runtime: subprocess.Popen[bytes]) -> Connection:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return connect("benchmark", socket)
        except UnavailableError:
            if runtime.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.01)  # it has not made its socket yet
