"""IOKit's class inheritance, as far as this registry names classes.

Source: the headers of xnu and Apple's IOKit families; `ioreg -i` of the dumps they publish.
Invariant: every chain ends in IORegistryEntry, OSObject.
"""

from functools import lru_cache

_PARENTS = {
    "IORegistryEntry": "OSObject",
    "IOService": "IORegistryEntry",
    "IOResources": "IOService",
    "IOUserResources": "IOService",
    "IOPMrootDomain": "IOService",
    "IOPlatformExpert": "IOService",
    "IOPlatformDevice": "IOService",
    "IOPlatformExpertDevice": "IOService",
    "IOACPIPlatformDevice": "IOPlatformDevice",
    "IOCPU": "IOService",
    "IOPCIDevice": "IOService",
    "IOPCIBridge": "IOService",
    "IOPCI2PCIBridge": "IOPCIBridge",
    "IOUSBHostDevice": "IOService",
    "IOUSBRootHubDevice": "IOUSBHostDevice",
    "IOUSBHostInterface": "IOService",
    "IOUSBHostController": "IOService",
    "IOUSBHostCompositeDevice": "IOService",
    "IOUSBHostHub": "IOService",
    "IOUSBHostHIDDevice": "IOHIDDevice",
    "IOUSBMassStorageDriver": "IOSCSIProtocolServices",
    "IOHIDDevice": "IOService",
    "IOHIDInterface": "IOService",
    "IOHIDEventService": "IOService",
    "IOHIDEventDriver": "IOHIDEventService",
    "IONetworkStack": "IOService",
    "IONetworkController": "IOService",
    "IOEthernetController": "IONetworkController",
    "IO80211Controller": "IOEthernetController",
    "IONetworkInterface": "IOService",
    "IOEthernetInterface": "IONetworkInterface",
    "IO80211Interface": "IOEthernetInterface",
    "IOStorage": "IOService",
    "IOMedia": "IOStorage",
    "IOBlockStorageDevice": "IOService",
    "IOBlockStorageDriver": "IOStorage",
    "IONVMeController": "IOService",
    "IOAHCIController": "IOService",
    "IOSCSIProtocolServices": "IOService",
    "IOSCSIProtocolInterface": "IOService",
    "IOSCSIPeripheralDeviceNub": "IOService",
    "IOSCSITargetDevice": "IOSCSIPeripheralDeviceNub",
    "IOSCSILogicalUnitNub": "IOSCSIPeripheralDeviceNub",
    "IOSerialStreamSync": "IOService",
    "IOSerialBSDClient": "IOService",
    "IOAudioDevice": "IOService",
    "IOAudioEngine": "IOService",
    "IOFramebuffer": "IOGraphicsDevice",
    "IOGraphicsDevice": "IOService",
    "IOAccelerator": "IOService",
    "IODisplayConnect": "IOService",
    "IOPMPowerSource": "IOService",
    "IOWatchDogTimer": "IOService",
    "IOBluetoothHCIController": "IOService",
    "IOThunderboltSwitch": "IOService",
    "IOFireWireDevice": "IOFireWireNub",
    "IOFireWireNub": "IOService",
    "IOFireWireUnit": "IOFireWireNub",
    "IOUserService": "IOService",
    "IOUserServer": "IOUserClient",
    "IOUserClient": "IOService",
}

SERVICE = "IOUserService"
"""What stands for a driver extension's service, where no family has a class for that."""
HID_SERVICES = ("AppleUserHIDDevice", "AppleUserHIDEventService")
"""The HID family's classes for services of driver extensions."""
_DRIVERS = (SERVICE, "IOUserClient")
"""What drivers publish; of the others they are made or matched on."""

_TAIL = ("IOService", "IORegistryEntry", "OSObject")


@lru_cache(maxsize=1024)  # drivers name classes of their own
def chain(cls: str) -> tuple[str, ...]:
    """A class and its ancestors, leaf first; an unknown class derives from IOService."""
    if cls not in _PARENTS and cls != "OSObject":
        return (cls, *_TAIL)
    found = [cls]
    while found[-1] in _PARENTS:
        found.append(_PARENTS[found[-1]])
    return tuple(found)


def is_systems(cls: str) -> bool:
    """Whether only the system publishes a class: drivers of whatever is of it expect the kernel."""
    return cls in (*_PARENTS, "OSObject") and cls not in _DRIVERS


def conforms(cls: str, ancestor: str) -> bool:
    """Whether `cls` is `ancestor` or derives from it (OSMetaClass::checkMetaCast)."""
    return ancestor in chain(cls)
