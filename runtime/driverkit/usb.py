"""USBDriverKit: a USB interface and its device, as a driver sees them.

Each object is a proxy: its calls cross to the device's broker, are checked there, and block until
they are answered. Where the interface is the device's only one, its data moves in this process.
Source: USBDriverKit's IOUSBHostInterface.iig, IOUSBHostDevice.iig.
Invariant: nothing here is trusted by the broker; a driver gets what its provider grants.
"""

import itertools
from collections.abc import Iterator
from typing import ClassVar

from runtime.driverkit.entry import Entry
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotFound,
)
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import invoke
from runtime.driverkit.usb_mediated import MediatedPath
from runtime.driverkit.usb_memory import TransferMemory
from runtime.driverkit.usb_node import Node
from runtime.driverkit.usb_paths import DirectPath, Path
from runtime.driverkit.usb_pipe import IOUSBHostPipe, set_idle_policy
from runtime.driverkit.usb_requests import USBRequests
from runtime.model.usb import ConfigurationDescriptor, DeviceDescriptor, InterfaceDescriptor
from runtime.wire import methods, usb

_CAPABILITIES = 15  # the descriptor type BOS
_HEADER = 5  # bytes of a BOS descriptor, with the length of all that is behind it


class IOUSBHostDevice(USBRequests):
    """A USB device: its descriptors, and what concerns all of it.

    As the provider of a driver it can be opened, and then all of it is the driver's. As what
    `IOUSBHostInterface.CopyDevice` gave, it refuses what would disturb other interfaces than the
    driver's own.
    """

    _iterators: ClassVar[Iterator[int]] = itertools.count(1)

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self._iterating: dict[int, Iterator[int]] = {}
        self._shared = TransferMemory(self._transport)

    def Open(self, forClient: IOService) -> None:
        """Open the device for exclusive use by `forClient`, the driver itself.

        Raises:
            IOReturnError: kIOReturnExclusiveAccess while another driver has it, or an interface.
        """
        if forClient.GetProvider() is not self:
            raise IOReturnError(kIOReturnBadArgument, "Open: expected the provider's own driver")
        invoke(self._transport, 0, methods.InterfaceOpen(), type(None))

    def Close(self, forClient: IOService) -> None:
        """Close the device and what is open of it; outstanding I/O ends with kIOReturnAborted."""
        if forClient.GetProvider() is not self:
            raise IOReturnError(kIOReturnBadArgument, "Close: expected the provider's own driver")
        invoke(self._transport, 0, methods.InterfaceClose(), type(None))

    def CreateInterfaceIterator(self) -> int:
        """An iterator over the interfaces of the active configuration, for `CopyInterface`."""
        method = methods.CopyConfigurationDescriptor()
        found = invoke(self._transport, 0, method, ConfigurationDescriptor).interfaces
        iterator = next(IOUSBHostDevice._iterators)
        self._iterating[iterator] = iter(dict.fromkeys(each.number for each in found))
        return iterator

    def CopyInterface(self, interfaceIterator: int) -> "IOUSBHostInterface | None":
        """The next interface of the open device; None behind the last one.

        Raises:
            IOReturnError: kIOReturnBadArgument for what is no iterator, kIOReturnNotOpen.
        """
        iterator = self._iterating.get(interfaceIterator)
        if iterator is None:
            text = f"iterator: expected one of CreateInterfaceIterator, found {interfaceIterator}"
            raise IOReturnError(kIOReturnBadArgument, text)
        for number in iterator:
            handle = invoke(self._transport, 0, usb.CopyInterface(number), int)
            entry = Entry(0, "IOUSBHostInterface", transport=self._transport)
            interface = IOUSBHostInterface(entry)
            interface._target, interface._of = handle, self
            interface._shared = self._shared
            return interface
        return None

    def DestroyInterfaceIterator(self, interfaceIterator: int) -> None:
        """Let an iterator go; what it gave stays."""
        self._iterating.pop(interfaceIterator, None)

    def CopyDeviceDescriptor(self) -> DeviceDescriptor:
        """The device descriptor with its strings.

        Raises:
            IOReturnError: The device is gone.
        """
        return invoke(self._transport, 0, methods.CopyDeviceDescriptor(), DeviceDescriptor)

    def CopyDescriptor(
        self,
        type: int,  # noqa: A002 - DriverKit's name
        index: int = 0,
        languageID: int = 0,
        length: int = 255,
    ) -> bytes:
        """A descriptor as the device sends it now: at most `length` bytes.

        Raises:
            IOReturnError: kUSBHostReturnPipeStalled, it has no such.
        """
        return invoke(
            self._transport, 0, usb.CopyDescriptor(type, index, languageID, length), bytes
        )

    def CopyConfigurationDescriptor(self, index: int = 0) -> ConfigurationDescriptor:
        """The configuration of an index (from 0).

        Raises:
            IOReturnError: kIOReturnNotFound.
        """
        found = self.CopyDeviceDescriptor().configurations
        if not 0 <= index < len(found):
            raise IOReturnError(kIOReturnNotFound, f"device has no configuration of index {index}")
        return found[index]

    def CopyConfigurationDescriptorWithValue(self, value: int) -> ConfigurationDescriptor:
        """The configuration of a bConfigurationValue.

        Raises:
            IOReturnError: kIOReturnNotFound.
        """
        for found in self.CopyDeviceDescriptor().configurations:
            if found.value == value:
                return found
        raise IOReturnError(kIOReturnNotFound, f"device has no configuration of value {value}")

    def CopyCapabilityDescriptors(self) -> bytes:
        """The device's BOS descriptor with all capabilities.

        Raises:
            IOReturnError: kUSBHostReturnPipeStalled, it has none.
        """
        head = self.CopyDescriptor(_CAPABILITIES, length=_HEADER)
        length = int.from_bytes(head[2:4], "little")
        return self.CopyDescriptor(_CAPABILITIES, length=max(length, len(head)))

    def GetSpeed(self) -> int:
        """How fast its port runs, as tIOUSBHostConnectionSpeed."""
        return self._copy_where()[0]

    def GetAddress(self) -> int:
        """Its address on its bus."""
        return self._copy_where()[1]

    def SetConfiguration(
        self,
        bConfigurationValue: int,
        matchInterfaces: bool = True,
    ) -> None:
        """Choose the configuration; the driver's interface goes, and all come anew.

        Args:
            bConfigurationValue: Which.
            matchInterfaces: The kernel offers the new interfaces to drivers, always.

        Raises:
            IOReturnError: kIOReturnNotPermitted where the device has other interfaces.
        """
        if not matchInterfaces:
            text = "matchInterfaces: expected True, which is all that Linux offers, found False"
            raise IOReturnError(kIOReturnBadArgument, text)
        invoke(self._transport, 0, usb.SetConfiguration(bConfigurationValue), type(None))

    def Reset(self) -> None:
        """Reset the device; its pipes are closed, its configuration is as before.

        Raises:
            IOReturnError: kIOReturnNotPermitted where the device has other interfaces.
        """
        invoke(self._transport, 0, usb.Reset(), type(None))


class IOUSBHostInterface(USBRequests):
    """One interface of a USB device: the usual provider of a USB driver."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self._paths: list[Path] = []
        self._shared = TransferMemory(self._transport)
        self._of: IOUSBHostDevice | None = None  # whose interface it is; None: it is the provider

    def Open(self, forClient: IOService) -> None:
        """Open the interface for exclusive use by `forClient`, the driver itself.

        Raises:
            IOReturnError: kIOReturnExclusiveAccess when another driver has it.
        """
        self._require_own(forClient, "Open")
        invoke(self._transport, self._target, methods.InterfaceOpen(), type(None))
        if self._node is None and self._of is None:
            self._node = self._transport.open_direct()

    def Close(self, forClient: IOService) -> None:
        """Close the interface and its pipes; outstanding I/O completes with kIOReturnAborted.

        Raises:
            IOReturnError: kIOReturnNotOpen.
        """
        self._require_own(forClient, "Close")
        if self._node is not None:
            self._close_paths()
        invoke(self._transport, self._target, methods.InterfaceClose(), type(None))
        self._close_paths()  # a broker has ended what was queued

    def GetInterfaceDescriptor(self) -> InterfaceDescriptor:
        """The descriptor of the present alternate setting, with its endpoints."""
        return invoke(
            self._transport, self._target, methods.GetInterfaceDescriptor(), InterfaceDescriptor
        )

    def CopyConfigurationDescriptor(self) -> ConfigurationDescriptor:
        """The active configuration's descriptor, with all interfaces."""
        return invoke(
            self._transport,
            self._target,
            methods.CopyConfigurationDescriptor(),
            ConfigurationDescriptor,
        )

    def CopyDevice(self) -> IOUSBHostDevice:
        """The device that this interface is of."""
        if self._of is not None:
            return self._of
        device = IOUSBHostDevice(Entry(0, "IOUSBHostDevice", transport=self._transport))
        device._node = self._node
        return device

    def CopyPipe(self, address: int) -> IOUSBHostPipe:
        """The pipe of an endpoint address (bit 7 set: IN).

        Raises:
            IOReturnError: kIOReturnNotOpen before `Open`, kIOReturnNotFound when there is no
                such endpoint.
        """
        handle = invoke(self._transport, self._target, methods.CopyPipe(address), int)
        path: Path = MediatedPath(self._transport, handle, address, self._shared)
        if self._node is not None:
            path = DirectPath(self._node, path.endpoint())
        self._paths.append(path)
        return IOUSBHostPipe(path, self._copy_where)

    def SelectAlternateSetting(self, bAlternateSetting: int) -> None:
        """Choose the open interface's setting; its pipes are closed, their I/O is aborted.

        Raises:
            IOReturnError: kIOReturnNotOpen, kIOReturnNotFound.
        """
        node: Node | None = self._node
        if node is not None:
            self._close_paths()
            node.select(self.GetInterfaceDescriptor().number, bAlternateSetting)
        invoke(
            self._transport, self._target, usb.SelectAlternateSetting(bAlternateSetting), type(None)
        )
        self._close_paths()

    def SetIdlePolicy(self, deviceIdleTimeout: int) -> None:
        """Have the device sleep when its pipes have been idle for so long (ms); 0: never.

        Raises:
            IOReturnError: kIOReturnUnsupported for anything but 0: a device sleeps when its driver
                asks for the low state (`ChangePowerState`), not when it is idle.
        """
        set_idle_policy(deviceIdleTimeout)

    def GetIdlePolicy(self) -> int:
        """0: see `SetIdlePolicy`."""
        return 0

    def _require_own(self, client: IOService, what: str) -> None:
        if client.GetProvider() is not (self._of or self):
            text = f"{what}: expected the provider's own driver"
            raise IOReturnError(kIOReturnBadArgument, text)

    def _close_paths(self) -> None:
        paths, self._paths = self._paths, []
        for path in paths:
            path.close()


PROVIDERS: dict[str, type[IOService]] = {
    "IOUSBHostInterface": IOUSBHostInterface,
    "IOUSBHostDevice": IOUSBHostDevice,
}
"""Proxies by the provider's IOKit class; any other provider is a plain `IOService`."""
