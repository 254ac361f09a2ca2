"""HID drivers as real processes, on the simulated keypad."""

import json
from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.model.events import Noted
from runtime.model.records import Driver
from runtime.wire.commands.devices import Plug, Unplug

from .apps import BUNDLE, make_app
from .conftest import ROOT, RuntimeProcess, alive, wait_for

SAMPLE_HID = ROOT / "resources" / "samples" / "SampleHID.app"
PERSONALITY = {
    "IOClass": "IOUserService",
    "IOProviderClass": "IOHIDInterface",
    "IOUserClass": "Trial",
    "IOUserServerName": BUNDLE,
    "CFBundleIdentifier": BUNDLE,
    "VendorID": 0x1209,
    "ProductID": 3,
}
DRIVERKIT = "com.apple.developer.driverkit"
SOURCE = """
from runtime.driverkit import *


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        keeps = IOBufferMemoryDescriptor.Create(8)
        try:
            provider.GetReport(keeps, kIOHIDReportTypeFeature)
        except IOReturnError as error:
            IOLog(f"before Open: {StringFromReturn(error.code)}")
        try:
            provider.Open(self, kIOServiceSeize, self.CreateAction(self.Came))
        except IOReturnError as error:
            IOLog(f"seize: {StringFromReturn(error.code)} {error.text}")
            provider.Open(self, 0, self.CreateAction(self.Came))
        provider.AddReportToPool(IOBufferMemoryDescriptor.Create(64))
        keeps.GetAddressRange()[:] = b"kept by "
        provider.SetReport(keeps, kIOHIDReportTypeFeature)
        (feature,) = [
            each for each in provider.getElements() if each.getType() == kIOHIDElementTypeFeature
        ]
        provider.commitElements([feature], kIOHIDElementCommitDirectionIn)
        IOLog(f"feature {feature.getDataValue()}")

    @callback(IOHIDInterface.ReportAvailable)
    def Came(self, action, timestamp, reportID, reportLength, reportType, report):
        provider = self.GetProvider()
        provider.processReport(timestamp, bytes(report), reportLength, reportType, reportID)
        values = [
            each.getValue() for each in provider.getElements() if each.getTimeStamp() == timestamp
        ]
        IOLog(f"report {values}")
        if values[0] == 0x12:
            provider.Close(self)
            IOLog("closed")
"""
MAKER = """
from runtime.driverkit import *


class Trial(IOUserHIDDevice):
    def newDeviceDescription(self):
        return {"VendorID": 0x1209, "ProductID": 3, "Product": "Made", "RegisterService": True}

    def newReportDescriptor(self):
        return bytes.fromhex("05010906a1018501050719e029e71500250175019508810 2c0".replace(" ", ""))

    def handleStart(self, provider):
        queue = self.CopyDispatchQueue()
        queue.DispatchAsync(self.say)
        return True

    def say(self):
        for report in (bytes([1, 2]), bytes([1, 2, 3])):
            buffer = IOBufferMemoryDescriptor.Create(len(report))
            buffer.GetAddressRange()[:] = report
            try:
                self.handleReport(0, buffer, len(report))
                IOLog(f"said {report.hex()}")
            except IOReturnError as error:
                IOLog(f"{report.hex()}: {StringFromReturn(error.code)}")
"""


def running(driver: Driver) -> bool:
    """Whether a driver has started."""
    return driver.state is DriverState.RUNNING


def start(runtime: RuntimeProcess, app: Path) -> Driver:
    """Plug the keypad in, activate an app's extension and wait for its driver."""
    runtime.approve(runtime.pending(app))
    runtime.call(Plug("keypad"))
    wait_for(lambda: bool(runtime.records().drivers), "a driver")
    return runtime.driver_when(running, "a running driver")


def make(folder: Path, source: str, *entitled: str, **personality: object) -> Path:
    """An app whose driver matches the keypad."""
    app = make_app(folder, source, IOKitPersonalities={"Trial": {**PERSONALITY, **personality}})
    (file,) = app.glob("Contents/Library/SystemExtensions/*/Entitlements.plist")
    keys = "".join(f"<key>{DRIVERKIT}{name}</key><true/>" for name in ("", *entitled))
    file.write_text(f'<plist version="1.0"><dict>{keys}</dict></plist>')
    return app


def test_the_sample_makes_events_of_reports(runtime_process: RuntimeProcess) -> None:
    """Keys go down and up; an unplug ends it."""
    driver = start(runtime_process, SAMPLE_HID)
    wait_for(lambda: "key 0x0b up" in runtime_process.log(driver), "a key that went down and up")
    log = runtime_process.log(driver)
    assert "handleStart: IOHIDInterface has 6 elements" in log
    assert log.index("key 0x0b down") < log.index("key 0x0b up")
    runtime_process.call(Unplug("keypad"))
    gone = runtime_process.driver()
    assert gone.state is DriverState.STOPPED
    assert not alive(driver.pid)
    assert "Stop" in runtime_process.log(gone)


def test_reports_elements_and_entitlements(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Reports both ways; what is not open or not granted is refused."""
    driver = start(runtime_process, make(tmp_path, SOURCE, ".transport.hid"))
    wait_for(lambda: "closed" in runtime_process.log(driver), "the last report")
    log = runtime_process.log(driver)
    assert "before Open: kIOReturnNotOpen" in log
    denied = next(text for text in log if text.startswith("seize: "))
    assert "kIOReturnNotPermitted" in denied
    assert "family.hid.eventservice" in denied
    assert "feature b'kept by '" in log
    assert "report [11, 0, 2, 0]" in log
    assert log[-1] == "closed"


def test_a_published_device_is_bounded(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Reports that its descriptor does not have are refused."""
    entitled = (".transport.hid", ".family.hid.device")
    driver = start(runtime_process, make(tmp_path, MAKER, *entitled, IOClass="AppleUserHIDDevice"))
    wait_for(lambda: "said 0102" in runtime_process.log(driver), "its report")
    wait_for(
        lambda: "010203: kIOReturnBadArgument" in runtime_process.log(driver), "the other's refusal"
    )


def test_no_hid_driver_without_its_entitlement(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    """Neither on a HID device, nor as one, nor as an event service."""
    for number, (entitled, io_class, missing) in enumerate(
        (
            ((), "IOUserService", "transport.hid"),
            ((".transport.hid",), "AppleUserHIDDevice", "family.hid.device"),
            ((".transport.hid",), "AppleUserHIDEventService", "family.hid.eventservice"),
        )
    ):
        app = make(tmp_path / str(number), SOURCE, *entitled, IOClass=io_class)
        runtime_process.approve(runtime_process.pending(app))
        if number == 0:
            runtime_process.call(Plug("keypad"))
        wait_for(lambda word=missing: word in _notes(runtime_process), f"word of {missing}")  # type: ignore[misc]
        assert not runtime_process.records().drivers


def _notes(runtime: RuntimeProcess) -> str:
    notes = [event.detail.text for event in runtime.events() if isinstance(event.detail, Noted)]
    return json.dumps(notes)
