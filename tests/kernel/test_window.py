"""QEMU's FTDI adapter from its kernel driver to a driver extension and back, seen in the window."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.line.apps import BUNDLE, drive, make_app
from tests.kernel.conftest import SOCKET, Inspector
from tests.kernel.test_usb import Adapter

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """
from runtime.driverkit import IOBufferMemoryDescriptor, IOService, IOUSBHostPipe, callback


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        provider.Open(self)
        self.out, self.into = provider.CopyPipe(0x02), provider.CopyPipe(0x81)
        self.Send(b"hello\\n")
        self.action = self.CreateAction(self.ReadComplete)
        self.buffers = [IOBufferMemoryDescriptor.Create(64) for _ in range(4)]
        for buffer in self.buffers:
            self.into.AsyncIO(buffer, 64, self.action)

    def Send(self, data):
        memory = IOBufferMemoryDescriptor.Create(len(data))
        memory.GetAddressRange()[:] = data
        self.out.IO(memory, len(data), 5000)

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, count, when):
        buffer = self.buffers.pop(0)
        self.buffers.append(buffer)
        if count > 2:
            self.Send(bytes(buffer)[2:count])
        self.into.AsyncIO(buffer, 64, self.action)
"""
FIFO, SAID = "/run/window.fifo", "/run/window.said"
SECONDS = 240.0  # the guest runs Python about 15 times slower, and Qt starts from its host


class Window:
    """The window in the guest: what it has said, and what it is told to do."""

    def __init__(self, inspector: Inspector, search: str) -> None:
        self._inspector = inspector
        self._read = 0  # lines of it
        python = f"QT_QPA_PLATFORM=offscreen exec {sys.executable}"
        program = f"{python} -m tests.kernel.guest.window {SOCKET} {FIFO} '{search}'"
        command = f"cd {ROOT}; ({program}) >{SAID} 2>&1 </dev/null & echo $!"
        self._pid = self._run(command).strip()

    def do(self, command: str) -> None:
        """Have it press what the command needs, and wait until it has."""
        self._run(f"echo '{command}' >{FIFO}")
        self.until(f"it did {command}", lambda said: said.get("did") == command)

    def shows(self, state: str, driver: str, before: str = "") -> str:
        """Wait for a row with this state and driver, and with another PID than before; its PID."""
        found: list[str] = []

        def has(said: dict[str, Any]) -> bool:
            rows = said.get("rows", ())
            found.extend(row[3] for row in rows if row[1:3] == [state, driver] and row[3] != before)
            return bool(found)

        self.until(f"a row of {driver}, {state}", has)
        return found[0]

    def until(self, what: str, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until it says something, in what it has not said before the last such thing."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            lines = self._run(f"cat {SAID}").splitlines()
            for number, line in enumerate(lines[self._read :], self._read):
                if line.startswith("{") and condition(json.loads(line)):
                    self._read = number
                    return
        raise AssertionError(f"{what}: expected it, found {lines[-3:]}{self._inspector.log()}")

    def close(self) -> None:
        """End it."""
        self._run(f"kill {self._pid}; rm {FIFO} {SAID}")

    def _run(self, command: str) -> str:
        return self._inspector.machine.run("sh", "-c", command).stdout


@pytest.fixture
def window(inspector: Inspector) -> Iterator[Window]:
    """A window at the runtime in the guest, looking for the adapter."""
    made = Window(inspector, "class:IOUSBHostInterface")
    yield made
    made.close()


def _greeting(adapter: Adapter) -> None:
    """A new driver process has opened the adapter, behind what the last one may have sent."""
    heard = b""
    while not heard.endswith(b"hello\n"):
        heard += adapter.read(1)


def test_the_adapter_and_its_window(
    inspector: Inspector, window: Window, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    app = make_app(tmp_path, SOURCE)
    drive(app, (0x0403, 0x6001))
    with Adapter(inspector, "window") as adapter:
        window.shows("kernel driver", "ftdi_sio")
        inspector.run("systemextensionsctl", "developer", "on")
        inspector.run("systemextensionsctl", "activate", str(app))
        window.do("approve")
        first = window.shows("extension", BUNDLE)
        _greeting(adapter)
        adapter.line.sendall(b"to the driver and back")
        assert adapter.read(22) == b"to the driver and back"

        adapter.line.sendall(bytes(8 << 10))  # far more than it gets in the next moment
        adapter.read(256)
        assert inspector.machine.run("kill", "-9", first).code == 0
        _greeting(adapter)
        second = window.shows("extension", BUNDLE, before=first)

        inspector.kill()
        seconds = adapter.wait_for_driver("ftdi_sio")
        measured(f"guest: kill -9 of the runtime → ftdi_sio has its interface {seconds:.2f} s")
        window.until("a banner", lambda said: bool(said.get("banner")))
        inspector.start()
        _greeting(adapter)
        window.shows("extension", BUNDLE, before=second)

        window.do("deactivate")
        seconds = adapter.wait_for_driver("ftdi_sio")
        measured(f"guest: deactivated in the window → ftdi_sio has its interface {seconds:.2f} s")
        window.shows("kernel driver", "ftdi_sio")
