"""Libraries that know nothing of drivers, on real devices of Debian's kernel."""

import sys
from pathlib import Path

from tests.integration.line.apps import drive, drive_hid, driver_source, make_app
from tests.integration.line.test_libraries import vendor
from tests.kernel.conftest import Inspector
from tests.kernel.image import GUEST
from tests.kernel.test_usb import Adapter, approve

PYFTDI = """
import _cffi_backend
from pyftdi.ftdi import Ftdi
from runtime.driverkit import IOLog, IOService


class Plain(Ftdi):
    def set_bitmode(self, bitmask, mode):
        "QEMU's adapter knows no bit modes."


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        IOLog(f"loaded {_cffi_backend.__file__}")
        ftdi = Plain()
        ftdi.open(0x0403, 0x6001)
        ftdi.set_baudrate(9600)
        ftdi.set_line_property(8, 1, "N")
        IOLog(f"{ftdi.ic_name}, wrote {ftdi.write_data(b'hello')}")
        heard = b""
        while len(heard) < 8:
            heard += ftdi.read_data_bytes(1)  # of the adapter of QEMU, silent when it has nothing
        IOLog(f"read {heard.decode()}")
        self.RegisterService()
"""


def test_pyftdi_drives_the_adapter(inspector: Inspector, tmp_path: Path) -> None:
    """Unchanged, beside a native module; the kernel's driver has given way, and comes back."""
    with Adapter(inspector, "library") as adapter:
        adapter.wait_for_driver("ftdi_sio")
        dext = drive(make_app(tmp_path, PYFTDI), (0x0403, 0x6001))
        for name in ("pyftdi", "pyserial", "pyusb", "cffi"):
            vendor(dext, name)
        inspector.run("systemextensionsctl", "developer", "on")
        approve(inspector, dext.parents[3])
        assert adapter.read(5) == b"hello", inspector.log()
        adapter.line.sendall(b"goodbye!")
        log = inspector.until(lambda said: "goodbye!" in said, "dext", "log", "Trial")
        assert "wrote 5" in log
        assert "loaded /run/ioregistry-native/" in log


LIGHT = "0600ff 0901 a101 8501 1500 26ff00 7508 9508 0901 b102 c0"
"""A blink(1)'s report descriptor: a vendor's feature report of eight bytes behind its id."""
BLINK1 = """
import blink1, hid
from blink1.blink1 import Blink1

assert "trial.dext" in blink1.__file__, blink1.__file__  # the vendored one
IOLog(f"{Blink1.list()} of {len(hid.enumerate())}")
with Blink1() as light:
    light.fade_to_rgb_uncorrected(500, 255, 128, 0)
    IOLog(f"the light has {bytes(light.read()).hex()}")
self.RegisterService()
"""


def test_blink1_drives_a_hid_device(inspector: Inspector, tmp_path: Path) -> None:
    """Unchanged; it finds the light and no keyboard, and its feature reports arrive."""
    fifo = "/run/light.fifo"
    device = f"{sys.executable} {GUEST}/hid_device.py {fifo} {LIGHT.replace(' ', '')} 27b8 01ed"
    inspector.machine.run("sh", "-c", f"setsid {device} >/run/light 2>&1 </dev/null &")
    app = make_app(tmp_path, driver_source(BLINK1))
    dext = drive_hid(app, 0x27B8, 0x01ED)
    for name in ("blink1", "webcolors"):
        vendor(dext, name)
    inspector.run("systemextensionsctl", "developer", "on")
    approve(inspector, app)
    log = inspector.until(lambda said: "the light has" in said, "dext", "log", "Trial")
    assert "['ODD1'] of 1" in log
    assert "the light has 0163ff800000320000" in log
    inspector.machine.run("sh", "-c", f"echo unplug >{fifo}")
