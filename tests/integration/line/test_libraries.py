"""Libraries that know nothing of drivers, unchanged, inside a driver process."""

import re
import shutil
from importlib.metadata import files
from pathlib import Path

from runtime.commands import dext
from runtime.model.driver_lifecycle import DriverState
from runtime.model.outcome import ExitHow
from runtime.model.processes import Role
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import ReadProcesses

from .apps import drive, drive_hid, driver_source, make_app
from .conftest import ROOT, RuntimeProcess, kill, wait_for

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
        if path.suffix in {".py", ".so"} or ".so." in path.name:
            target = dext / "Resources/python" / str(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path.locate()), target)


def log_of_starts(runtime: RuntimeProcess, starts: int, last: str) -> list[str]:
    """The driver's log, once it has started and said its last line so many times."""
    said: list[str] = []

    def over() -> bool:
        drivers = runtime.records().drivers
        said[:] = runtime.log(drivers[0]) if drivers else []
        return sum("started after" in line for line in said) == starts == said.count(last)

    wait_for(over, f"{starts} starts")
    return said


def pid_of_zygote(runtime: RuntimeProcess) -> int:
    """The zygote that makes processes now."""
    processes = runtime.call(ReadProcesses()).processes
    return next(one.pid for one in processes if one.role is Role.ZYGOTE)


def test_pyusb_sees_the_provider_and_nothing_else(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    app = make_app(tmp_path, driver_source(PYUSB))
    vendor(drive(app, (0x1209, 2)), "pyusb")
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("loopback"))
    said = log_of_starts(runtime_process, 1, "again")
    assert said[1:-1] == [
        "1209:0002 Loopback USB Device SIM0002 1 [0, 0, 1] 2 128 100 True 3 b'abc'",
        "('USBTimeoutError', 'ETIMEDOUT')",
        "('USBError', 'EACCES')",  # another driver's interface
        "('USBError', 'EPIPE')",  # a request that the device does not know
        "('USBError', 'EPIPE')",  # a halted endpoint
        "('USBError', 'EACCES')",  # a reset, with another interface beside
        "again",
    ]


NATIVE = """
import os
import _cffi_backend, cffi

def fails(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return type(error).__name__
    return "done"

folder, _, inside = _cffi_backend.__file__.partition("/Resources")
IOLog(f"{inside} {int(cffi.FFI().cast('int', 7))}")
tries = [(os.listdir, folder), (os.listdir, os.path.dirname(folder)), (open, folder + "/new", "wb")]
tries += [(os.unlink, _cffi_backend.__file__), (open, _cffi_backend.__file__, "r+b")]
IOLog(" ".join(fails(*each) for each in tries))
self.RegisterService()
"""


def test_native_modules_are_loaded_from_memory(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    """By every process of a driver, of a later zygote too; nobody can list or change them."""
    app = make_app(tmp_path, driver_source(NATIVE))
    vendor(drive(app, (0x1209, 1)), "cffi")
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("sample"))
    denied = "PermissionError PermissionError OSError PermissionError PermissionError"
    said = log_of_starts(runtime_process, 1, denied)
    (module,) = [each.name for each in files("cffi") or () if each.suffix == ".so"]
    assert f"/python/{module} 7" in said
    kill(pid_of_zygote(runtime_process))
    for starts in (2, 3):  # the first one by a process of the zygote that is gone
        kill(runtime_process.driver().pid)
        log_of_starts(runtime_process, starts, denied)


HIDAPI = """
import hid

(found,) = hid.enumerate()
assert hid.enumerate(0x1209, 4) == []
IOLog(f"{found['vendor_id']:04x}:{found['product_id']:04x} {found['product_string']}")
device = hid.device()
try:
    device.open(0x1209, 4)
except OSError as error:
    IOLog(str(error))
device.open(0x1209, 3)
IOLog(f"{device.get_manufacturer_string()} {device.get_serial_number_string()}")
keys = []
while len(keys) < 3:
    report = device.read(64, 2000)
    keys += [report[0]] * (report[0] != 0)
IOLog(f"{keys} of {len(report)} bytes")
said = [device.send_feature_report([0, 1, 2, 3, 4, 5, 6, 7, 8]), device.get_feature_report(0, 9)]
IOLog(f"{said} {device.write([0, 1])} {device.get_report_descriptor()[:3]}")
device.close()
try:
    device.read(8)
except ValueError as error:
    IOLog(str(error))
try:
    hid.Device(0x1209, 4)
except hid.HIDException as error:
    IOLog(str(error))
with hid.Device(path=found["path"]) as device:
    device.nonblocking = 1
    said = [device.product, device.serial, device.write(b"\\0\\1"), device.read(64, timeout=0)]
    while not (report := device.read(64)):
        device.nonblocking = 0
    feature = device.get_feature_report(0, 4)
    IOLog(f"{said} {len(report)} bytes, {feature}, {found['bus_type'] is hid.BusType.USB}")
try:
    device.read(8)
except hid.HIDException as error:
    IOLog(str(error))
self.RegisterService()
"""


def test_hid_sees_the_provider_and_nothing_else(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    """What reads hidapi's `hid` reads the driver's HID device; so does what reads hid's own."""
    app = make_app(tmp_path, driver_source(HIDAPI))
    drive_hid(app, 0x1209, 3)
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("keypad"))
    said = log_of_starts(runtime_process, 1, "device closed")
    assert said[1:-1] == [
        "1209:0003 Sample HID Device",
        "open failed",
        "IORegistry Inspector SIM0003",
        "[11, 8, 15] of 4 bytes",
        "[9, [0, 1, 2, 3, 4, 5, 6, 7, 8]] 2 [6, 0, 255]",
        "not open",
        "unable to open device: open failed",
        "['Sample HID Device', 'SIM0003', 2, b''] 4 bytes, b'\\x00\\x01\\x02\\x03', True",
        "device closed",
    ]


PAGE = ROOT / "docs" / "unmodified-libraries.md"
FILE = re.compile(r"^`(Echo\.app/\S+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_about_libraries(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Its files make a driver that says what the page says, in less than forty lines."""
    for path, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    app = tmp_path / "Echo.app"
    (module,) = app.rglob("EchoDriver.py")
    assert len(module.read_text(encoding="utf-8").splitlines()) < 40
    assert dext.run(["lint", str(app)]) == 0
    vendor(module.parent, "pyusb")
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("loopback"))
    log_of_starts(runtime_process, 1, "Loopback USB Device says hello")
    runtime_process.call(Unplug("loopback"))
    driver = runtime_process.driver_when(lambda one: one.state is DriverState.STOPPED, "its end")
    assert driver.last_exit is not None
    assert driver.last_exit.how is ExitHow.STOPPED, "closing what is gone is no error"
