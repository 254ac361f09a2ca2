"""A real device's runtime power: it sleeps when its driver lets it, and waking turns that on."""

from pathlib import Path

from tests.integration.line.apps import BUNDLE, make_app
from tests.kernel.conftest import Inspector
from tests.kernel.test_usb import PERSONALITY, Adapter, adapter, approve, grant

__all__ = ["adapter"]

SOURCE = """
from runtime.driverkit import IOBufferMemoryDescriptor, IOLog, IOService
from runtime.driverkit import kIOServicePowerCapabilityLow, kIOServicePowerCapabilityOn


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        self.provider = provider
        provider.Open(self)
        self.ChangePowerState(kIOServicePowerCapabilityLow)

    def SetPowerState(self, powerFlags):
        IOLog(f"power {powerFlags:#x}")
        if powerFlags == kIOServicePowerCapabilityOn:
            hello = IOBufferMemoryDescriptor.Create(6)
            hello.GetAddressRange()[:] = b"hello\\n"
            self.provider.CopyPipe(0x02).IO(hello, 6, 5000)
        super().SetPowerState(powerFlags)
"""
UNTIL = """
end=$(($(date +%s) + 60))
while [ $(cat $1/power/runtime_status) != $2 ]; do
    [ $(date +%s) -lt $end ] || exit 1
    sleep 0.05
done
"""


def test_it_sleeps_and_wakes(inspector: Inspector, adapter: Adapter, tmp_path: Path) -> None:
    app = make_app(tmp_path, SOURCE, IOKitPersonalities={"Trial": PERSONALITY})
    grant(app)
    device = adapter.interface.removesuffix(":1.0")
    machine = inspector.machine

    def power(name: str, value: str) -> None:
        done = machine.run("sh", "-c", f"echo {value} >{device}/power/{name}")
        assert done.code == 0, done.stderr

    def until(status: str) -> None:
        done = machine.run("sh", "-c", UNTIL, "sh", device, status, timeout=90)
        found = machine.run("grep", "-r", "", f"{device}/power").stdout
        assert done.code == 0, f"expected {status}, found {found}{inspector.log()}"

    power("autosuspend_delay_ms", "0")
    power("control", "auto")
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    until("suspended")
    power("control", "on")
    inspector.until(lambda said: "power 0x2" in said, "dext", "log", "Trial")
    assert adapter.read(6) == b"hello\n"
    until("active")
    inspector.run("systemextensionsctl", "deactivate", BUNDLE)
    adapter.wait_for_driver("ftdi_sio")
