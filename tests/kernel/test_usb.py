"""QEMU's FTDI adapter between ftdi_sio and a driver extension, on Debian's kernel."""

import json
import plistlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.integration.line.apps import BUNDLE, make_app
from tests.kernel.conftest import STATE, Inspector

SOURCE = """
from runtime.driverkit import (
    IOBufferMemoryDescriptor, IOLog, IOService, IOUSBHostPipe, StringFromReturn, callback,
    kIOReturnSuccess,
)


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        provider.Open(self)
        line = IOBufferMemoryDescriptor.Create(18)
        moved = provider.DeviceRequest(0x80, 6, 0x0100, 0, 18, line)
        IOLog(f"device descriptor {bytes(line)[:moved].hex()}")
        hello = IOBufferMemoryDescriptor.Create(6)
        hello.GetAddressRange()[:] = b"hello\\n"
        IOLog(f"wrote {provider.CopyPipe(0x02).IO(hello, 6, 5000)}")
        self.pipe = provider.CopyPipe(0x81)
        self.buffers = [IOBufferMemoryDescriptor.Create(64) for _ in range(4)]
        self.action = self.CreateAction(self.ReadComplete)
        for buffer in self.buffers:
            self.pipe.AsyncIO(buffer, 64, self.action)

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, count, when):
        buffer = self.buffers.pop(0)
        if status != kIOReturnSuccess:
            IOLog(StringFromReturn(status))
            return
        if count > 2:
            IOLog(f"read {bytes(buffer)[2:count]}")
        self.buffers.append(buffer)
        self.pipe.AsyncIO(buffer, 64, self.action)
"""
PERSONALITY = {
    "IOClass": "IOUserService",
    "IOProviderClass": "IOUSBHostInterface",
    "IOUserClass": "Trial",
    "IOUserServerName": BUNDLE,
    "CFBundleIdentifier": BUNDLE,
    "idVendor": 0x0403,
    "idProduct": 0x6001,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
}
WHOLE = """
from runtime.driverkit import IOBufferMemoryDescriptor, IOService


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        provider.Open(self)
        interface = provider.CopyInterface(provider.CreateInterfaceIterator())
        interface.Open(self)
        hello = IOBufferMemoryDescriptor.Create(6)
        hello.GetAddressRange()[:] = b"hello\\n"
        interface.CopyPipe(0x02).IO(hello, 6, 5000)
"""
WAIT_FOR_DRIVER = """
end=$(($(date +%s) + 60))
while [ "$(basename "$(readlink $1/driver)")" != "$2" ]; do
    [ $(date +%s) -lt $end ] || exit 1
    sleep 0.05
done
"""
WAIT_UNTIL_GONE = """
end=$(($(date +%s) + 60))
while [ -e $1 ]; do
    [ $(date +%s) -lt $end ] || exit 1
    sleep 0.05
done
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A driver extension for the adapter's only interface."""
    made = make_app(tmp_path, SOURCE, IOKitPersonalities={"Trial": PERSONALITY})
    grant(made)
    return made


def grant(app: Path) -> None:
    """Entitle an app's driver to devices of the adapter's maker."""
    (entitlements,) = app.glob("Contents/Library/SystemExtensions/*/Entitlements.plist")
    granted = {
        "com.apple.developer.driverkit": True,
        "com.apple.developer.driverkit.transport.usb": [{"idVendor": 0x0403}],
    }
    entitlements.write_bytes(plistlib.dumps(granted))


class Adapter:
    """The adapter in the guest, and the line behind it; both are gone after the `with`."""

    def __init__(self, inspector: Inspector, line: str) -> None:
        self.machine = inspector.machine
        self.line = self.machine.serial_line(line)
        self.line.settimeout(120)
        self.machine.device_add("usb-serial", line, chardev=line)
        self._name = line  # while it is plugged in
        find = "for d in /sys/bus/usb/devices/*; do grep -qs 6001 $d/idProduct && echo $d; done"
        self.interface = ""
        while not self.interface:
            found = self.machine.run("sh", "-c", find).stdout.split()
            self.interface = f"{found[0]}:1.0" if found else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()
        self.line.close()
        gone = self.machine.run("sh", "-c", WAIT_UNTIL_GONE, "sh", self.interface, timeout=90)
        assert gone.code == 0, f"expected no {self.interface}, found it"

    def unplug(self) -> None:
        """Pull it; nothing happens to one that is not plugged in."""
        name, self._name = self._name, ""
        if name:
            self.machine.device_del(name)

    def wait_for_driver(self, name: str) -> float:
        """Wait until a kernel driver has the interface; seconds of the host's clock."""
        before = self.machine.run("true").wall_ns
        done = self.machine.run("sh", "-c", WAIT_FOR_DRIVER, "sh", self.interface, name, timeout=90)
        now = self.machine.run("readlink", f"{self.interface}/driver").stdout
        assert done.code == 0, f"expected {name}, found {now}"
        return (done.wall_ns - before) / 1e9

    def read(self, length: int) -> bytes:
        """What came through the line."""
        data = b""
        while len(data) < length:
            data += self.line.recv(length - len(data))
        return data


@pytest.fixture
def adapter(inspector: Inspector, request: pytest.FixtureRequest) -> Iterator[Adapter]:
    """The adapter, plugged in, with the kernel's driver on it."""
    with Adapter(inspector, f"line-{request.node.name}") as made:
        made.wait_for_driver("ftdi_sio")
        yield made


def approve(inspector: Inspector, app: Path) -> None:
    """Activate an app's extension and approve it."""
    inspector.run("systemextensionsctl", "activate", str(app))
    (request,) = json.loads(inspector.run("systemextensionsctl", "pending", "--json"))
    inspector.run("systemextensionsctl", "approve", request["id"])


def pid_of(inspector: Inspector, key: str, *arguments: str) -> int:
    """A process by a property of its entry, once it is there."""
    pattern = rf'"{key}" = ([1-9]\d*)'
    printed = inspector.until(
        lambda said: re.search(pattern, said) is not None, "ioreg", "-l", "-w0", *arguments
    )
    found = re.search(pattern, printed)
    assert found is not None
    return int(found[1])


def test_the_kernels_driver_gives_way_and_comes_back(
    inspector: Inspector, adapter: Adapter, app: Path, measured: Callable[[str], None]
) -> None:
    machine = inspector.machine
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    assert adapter.read(6) == b"hello\n", inspector.log()
    adapter.wait_for_driver("usbfs")
    adapter.line.sendall(b"to the driver")
    log = inspector.until(lambda said: "to the driver" in said, "dext", "log", "Trial")
    assert "device descriptor 1201" in log
    assert "wrote 6" in log

    driver = pid_of(inspector, "IOUserServerPID", "-r", "-n", "Trial")
    machine.run("kill", "-9", str(driver))
    assert adapter.read(6) == b"hello\n", "the next process has the device"
    broker = pid_of(inspector, "BrokerPID")
    machine.run("kill", "-9", str(broker))
    assert adapter.read(6) == b"hello\n", "the next broker has the device"
    assert "kIOReturnOffline" in inspector.run("dext", "log", "Trial")

    inspector.kill()
    seconds = adapter.wait_for_driver("ftdi_sio")
    measured(f"guest: kill -9 of the runtime → ftdi_sio has its interface {seconds:.2f} s")

    inspector.start()
    assert adapter.read(6) == b"hello\n", inspector.log()
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)
    seconds = adapter.wait_for_driver("ftdi_sio")
    measured(f"guest: deactivated → ftdi_sio has its interface {seconds:.2f} s")

    approve(inspector, app)
    assert adapter.read(6) == b"hello\n"
    adapter.unplug()
    ends = ("kIOReturnAborted", "kIOReturnNoDevice")  # the broker's word, or the kernel's before it
    inspector.until(lambda said: any(end in said for end in ends), "dext", "log", "Trial")
    inspector.until(lambda said: "Trial stopped" in said, "dext", "list")
    inspector.until(lambda said: "DeviceBroker" not in said, "ioreg", "-w0")
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)


def test_a_driver_of_the_whole_device(
    inspector: Inspector, adapter: Adapter, tmp_path: Path
) -> None:
    """It has the interface that it copied, and the kernel's driver comes back when it is killed."""
    whole = {key: PERSONALITY[key] for key in PERSONALITY if not key.startswith("b")}
    table = whole | {"IOProviderClass": "IOUSBHostDevice"}
    app = make_app(tmp_path, WHOLE, IOKitPersonalities={"Trial": table})
    grant(app)
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    assert adapter.read(6) == b"hello\n", inspector.log()
    adapter.wait_for_driver("usbfs")
    driver = pid_of(inspector, "IOUserServerPID", "-r", "-n", "Trial")
    adapter.machine.run("kill", "-9", str(driver))
    assert adapter.read(6) == b"hello\n", "the next process has the device"
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)
    adapter.wait_for_driver("ftdi_sio")


def test_broker_and_runtime_are_killed_at_once(
    inspector: Inspector, adapter: Adapter, app: Path, measured: Callable[[str], None]
) -> None:
    """Nobody is left to give the interface back: the next runtime does, though nothing runs."""
    machine = inspector.machine
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    assert adapter.read(6) == b"hello\n", inspector.log()
    inspector.kill(pid_of(inspector, "BrokerPID"))
    adapter.wait_for_driver("")
    held = f"{STATE}/held-interfaces"
    forget = f"cp {held} /run/held && rm -r {STATE} && mkdir {STATE} && mv /run/held {held}"
    assert machine.run("sh", "-c", forget).code == 0
    inspector.start()
    seconds = adapter.wait_for_driver("ftdi_sio")
    measured(f"guest: a runtime after a killed one → ftdi_sio has its interface {seconds:.2f} s")
