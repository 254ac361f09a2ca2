"""Libraries that know nothing of drivers, on real devices of Debian's kernel."""

from pathlib import Path

from tests.integration.line.apps import drive, make_app
from tests.integration.line.test_libraries import vendor
from tests.kernel.conftest import Inspector
from tests.kernel.test_usb import Adapter, approve

PYFTDI = """
from pyftdi.ftdi import Ftdi
from runtime.driverkit import IOLog, IOService


class Plain(Ftdi):
    def set_bitmode(self, bitmask, mode):
        "QEMU's adapter knows no bit modes."


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        ftdi = Plain()
        ftdi.open(0x0403, 0x6001)
        ftdi.set_baudrate(9600)
        ftdi.set_line_property(8, 1, "N")
        IOLog(f"{ftdi.ic_name}, wrote {ftdi.write_data(b'hello')}")
        heard = b""
        while len(heard) < 8:
            heard += ftdi.read_data_bytes(64)
        IOLog(f"read {heard.decode()}")
        self.RegisterService()
"""


def test_pyftdi_drives_the_adapter(inspector: Inspector, tmp_path: Path) -> None:
    """Unchanged, through the broker; the kernel's driver has given way, and comes back."""
    adapter = Adapter(inspector)
    adapter.wait_for_driver("ftdi_sio")
    dext = drive(make_app(tmp_path, PYFTDI), (0x0403, 0x6001))
    for name in ("pyftdi", "pyserial", "pyusb"):
        vendor(dext, name)
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, dext.parents[3])
    assert adapter.read(5) == b"hello", inspector.log()
    adapter.line.sendall(b"goodbye!")
    log = inspector.until(lambda said: "goodbye!" in said, "dext", "log", "Trial")
    assert "wrote 5" in log
    adapter.machine.device_del("adapter")
    adapter.line.close()
