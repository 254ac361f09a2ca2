"""Libraries that know nothing of drivers, unchanged, inside a driver process."""

import shutil
from importlib.metadata import files
from pathlib import Path

from runtime.wire.commands.devices import Plug

from .apps import drive, driver_source, make_app
from .conftest import RuntimeProcess, wait_for

PYUSB = """
import errno
import usb.core, usb.util

assert "trial.dext" in usb.core.__file__, usb.core.__file__  # the vendored one
(device,) = usb.core.find(find_all=True)
assert usb.core.find(idVendor=0x1d6b) is None
said = [f"{device.idVendor:04x}:{device.idProduct:04x}", device.product, device.serial_number]
said += [len(list(device)), [i.bInterfaceNumber for i in device[0]], device.speed, device.bus]
device.set_configuration()
said += [device.write(0x01, b"x" * 100), bytes(device.read(0x82, 100)) == b"x" * 100]
said += [device.ctrl_transfer(0x40, 3, 0, 0, b"abc"), bytes(device.ctrl_transfer(0xC0, 2, 0, 0, 9))]
IOLog(" ".join(map(str, said)))
def fails(call, *arguments):
    try:
        call(*arguments)
    except usb.core.USBError as error:
        return type(error).__name__, errno.errorcode[error.errno]
endpoint = device[0][(0, 0)][1]
IOLog(str(fails(device.read, 0x82, 8, 50)))
IOLog(str(fails(usb.util.claim_interface, device, 1)))
IOLog(str(fails(device.ctrl_transfer, 0xC0, 0x77, 0, 0, 8)))
device.ctrl_transfer(0x40, 1, 0, 0x82)
IOLog(str(fails(endpoint.read, 8)))
endpoint.clear_halt()
device.set_interface_altsetting(0, 1)
device.set_interface_altsetting(0, 0)
IOLog(str(fails(device.reset)))
usb.util.dispose_resources(device)
device.write(0x01, b"again")
IOLog(bytes(device.read(0x82, 64)).decode())
self.RegisterService()
"""


def vendor(dext: Path, distribution: str) -> None:
    """Put an installed distribution into the extension, as it is."""
    for path in files(distribution) or ():
        if path.suffix == ".py":
            target = dext / "Resources/python" / str(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path.locate()), target)


def test_pyusb_sees_the_provider_and_nothing_else(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    app = make_app(tmp_path, driver_source(PYUSB))
    vendor(drive(app, (0x1209, 2)), "pyusb")
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("loopback"))
    said: list[str] = []

    def over() -> bool:
        drivers = runtime_process.records().drivers
        said[:] = runtime_process.log(drivers[0]) if drivers else []
        return "started after" in said[-1] if said else False

    wait_for(over, "the library to be done")
    assert said[1:-1] == [
        "1209:0002 Loopback USB Device SIM0002 1 [0, 0, 1] 2 128 100 True 3 b'abc'",
        "('USBTimeoutError', 'ETIMEDOUT')",
        "('USBError', 'EACCES')",  # another driver's interface
        "('USBError', 'EPIPE')",  # a request that the device does not know
        "('USBError', 'EPIPE')",  # a halted endpoint
        "('USBError', 'EACCES')",  # a reset, with another interface beside
        "again",
    ]
