"""A driver extension whose provider is a USB device: all of it is the driver's."""

from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.wire.commands.devices import Plug, Unplug

from .apps import BUNDLE, make_app
from .conftest import RuntimeProcess, wait_for

SOURCE = """
from runtime.driverkit import IOBufferMemoryDescriptor, IOLog, IOReturnError, IOService


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        provider.Open(self)
        provider.SetConfiguration(1)
        iterator = provider.CreateInterfaceIterator()
        interfaces = []
        while (interface := provider.CopyInterface(iterator)) is not None:
            interface.Open(self)
            interfaces.append(interface)
        provider.DestroyInterfaceIterator(iterator)
        numbers = [each.GetInterfaceDescriptor().number for each in interfaces]
        IOLog(f"{type(provider).__name__} with {numbers}, port {provider.GetPortStatus():#x}")
        memory = IOBufferMemoryDescriptor.Create(8)
        memory.GetAddressRange()[:] = b"all mine"
        interfaces[0].CopyPipe(0x01).IO(memory, 8)
        memory.GetAddressRange()[:] = bytes(8)
        moved = interfaces[0].CopyPipe(0x82).IO(memory, 8)
        IOLog(f"read {bytes(memory)[:moved]}, {interfaces[0].CopyDevice() is provider}")
        provider.Close(self)
        try:
            interfaces[0].GetInterfaceDescriptor()
        except IOReturnError as error:
            IOLog(f"closed: {error}")
        provider.Open(self)
"""
PERSONALITY = {
    "IOClass": "IOUserService",
    "IOProviderClass": "IOUSBHostDevice",
    "IOUserClass": "Trial",
    "IOUserServerName": BUNDLE,
    "CFBundleIdentifier": BUNDLE,
    "idVendor": 0x1209,
    "idProduct": 2,
}


def test_a_driver_has_a_whole_device(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    app = make_app(tmp_path, SOURCE, IOKitPersonalities={"Trial": PERSONALITY})
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("loopback"))
    wait_for(lambda: bool(runtime_process.records().drivers), "a driver")
    driver = runtime_process.driver_when(lambda it: it.state is DriverState.RUNNING, "it to run")
    lines = "\n".join(runtime_process.log(driver))
    assert "IOUSBHostDevice with [0, 1], port 0x1100" in lines
    assert "read b'all mine', True" in lines
    assert "closed: " in lines
    runtime_process.call(Unplug("loopback"))
    runtime_process.driver_when(lambda it: it.state is DriverState.STOPPED, "it to stop")
