"""Interrupts of a simulated device call a driver, through its broker."""

from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.wire.commands.devices import Plug, Unplug
from tests.integration.line.apps import BUNDLE, make_app
from tests.integration.line.conftest import RuntimeProcess, wait_for
from tests.integration.line.user_clients import grant

SOURCE = """
from runtime.driverkit import *


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        queue = self.CopyDispatchQueue()
        kinds = [IOInterruptDispatchSource.GetInterruptType(provider, n) for n in (0, 1)]
        IOLog(f"kinds {kinds}")
        for call in (
            lambda: IOInterruptDispatchSource.Create(provider, 2, queue),
            lambda: IOInterruptDispatchSource.Create(provider, 0, queue),
        ):
            try:
                self.edge = call()
            except IOReturnError as error:
                IOLog(str(error))
        try:
            IOInterruptDispatchSource.Create(provider, 0, queue)
        except IOReturnError as error:
            IOLog(str(error))
        self.level = IOInterruptDispatchSource.Create(provider, 1, queue)
        for source in (self.edge, self.level):
            source.SetHandler(self.CreateAction(self.Interrupt, source))
            source.SetEnable(True)

    @callback(IOInterruptDispatchSource.InterruptOccurred)
    def Interrupt(self, action, count, time):
        source = action.GetReference()
        total, last = source.GetLastInterrupt()
        assert count >= 1 and last >= time > 0
        name = "edge" if source is self.edge else "level"
        if total == 3:
            IOLog(f"{name} thrice")
            source.SetEnable(False) if name == "edge" else source.Cancel(lambda: IOLog("cancelled"))
        assert total <= 5 or name == "level", "it is disabled"
"""


def test_interrupts_call_the_driver(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    table = {
        "IOClass": "IOUserService",
        "IOProviderClass": "IOPlatformDevice",
        "IOPropertyMatch": {"Simulated": True},
        "IOUserClass": "Trial",
        "IOUserServerName": BUNDLE,
        "CFBundleIdentifier": BUNDLE,
    }
    app = make_app(tmp_path, SOURCE, IOKitPersonalities={"Trial": table})
    dext = app / "Contents/Library/SystemExtensions" / f"{BUNDLE}.dext"
    grant(dext, "com.apple.developer.driverkit.builtin", True)
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("ticker"))
    driver = runtime_process.driver_when(lambda d: d.state is DriverState.RUNNING, "a driver")
    wanted = {
        "kinds [0, 1]",
        "kIOReturnNoInterrupt: interrupt: expected one of 2, found 2",
        "kIOReturnExclusiveAccess: interrupt 0 is taken",
        "edge thrice",
        "level thrice",
        "cancelled",
    }
    wait_for(lambda: wanted <= set(runtime_process.log(driver)), "the interrupts")
    runtime_process.call(Unplug("ticker"))
    stopped = runtime_process.driver_when(lambda d: d.state is DriverState.STOPPED, "its end")
    assert stopped.crashes == 0
