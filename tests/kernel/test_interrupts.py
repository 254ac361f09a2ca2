"""A PCI device's interrupts, by the kernel's uio_pci_generic and a broker, call a driver."""

import sys
from pathlib import Path

from tests.integration.line.apps import BUNDLE, make_app
from tests.integration.line.user_clients import grant
from tests.kernel.conftest import Inspector
from tests.kernel.image import GUEST
from tests.kernel.test_usb import approve, pid_of

SOURCE = """
from runtime.driverkit import IOInterruptDispatchSource, IOLog, IOService, callback


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        self.line = IOInterruptDispatchSource.Create(provider, 0, self.CopyDispatchQueue())
        self.line.SetHandler(self.CreateAction(self.Interrupt))
        self.line.SetEnable(True)
        self.total = 0
        IOLog("ready")

    @callback(IOInterruptDispatchSource.InterruptOccurred)
    def Interrupt(self, action, count, time):
        self.total += count
        IOLog(f"interrupt {self.total}")
"""
PERSONALITY = {
    "IOClass": "IOUserService",
    "IOProviderClass": "IOPlatformDevice",
    "IONameMatch": "uio0",
    "IOUserClass": "Trial",
    "IOUserServerName": BUNDLE,
    "CFBundleIdentifier": BUNDLE,
}
BIND = """
modprobe uio_pci_generic
echo 1234 11e8 >/sys/bus/pci/drivers/uio_pci_generic/new_id
udevadm settle
readlink -f /sys/class/uio/uio0/device
"""


def test_each_calls_the_driver_once(inspector: Inspector, tmp_path: Path) -> None:
    machine = inspector.machine
    edu = machine.run("sh", "-c", BIND)
    assert edu.stdout.startswith("/sys/devices/pci"), edu.stderr
    app = make_app(tmp_path, SOURCE, IOKitPersonalities={"Trial": PERSONALITY})
    (extension,) = app.glob("Contents/Library/SystemExtensions/*")
    grant(extension, "com.apple.developer.driverkit.builtin", value=True)
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    pid_of(inspector, "IOUserServerPID", "-r", "-n", "Trial")

    def until(line: str) -> None:
        inspector.until(lambda said: line in said, "dext", "log", "Trial")

    until("ready")
    for number in range(1, 4):
        done = machine.run(sys.executable, str(GUEST / "edu.py"), edu.stdout.strip())
        assert done.code == 0, done.stderr
        until(f"interrupt {number}")
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)
