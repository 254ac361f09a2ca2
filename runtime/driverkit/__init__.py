"""The SDK that driver authors import: DriverKit's names, in Python.

    from runtime.driverkit import IOLog, IOService

`kern_return_t` becomes an exception (`IOReturnError`) and out-parameters become results;
everything else is called and behaves as in Apple's DriverKit. A driver runs in its own
process, without file system and network, and reaches its device through its provider.
Invariant: imports the wire, the model and the standard library only.
"""

from runtime.driverkit.action import CallbackType, OSAction, callback
from runtime.driverkit.clock import (
    kIOTimerClockMachAbsoluteTime,
    kIOTimerClockMachContinuousTime,
    kIOTimerClockMonotonicRaw,
    kIOTimerClockUptimeRaw,
    kIOTimerClockWallTime,
    mach_absolute_time,
    mach_continuous_time,
)
from runtime.driverkit.dispatch import (
    IODispatchQueue,
    kIODispatchQueueReentrant,
    kIODispatchQueueWakeupAll,
)
from runtime.driverkit.kern_return import (
    IOReturnError,
    StringFromReturn,
    kIOReturnAborted,
    kIOReturnBadArgument,
    kIOReturnBusy,
    kIOReturnError,
    kIOReturnExclusiveAccess,
    kIOReturnNoDevice,
    kIOReturnNoMemory,
    kIOReturnNoResources,
    kIOReturnNoSpace,
    kIOReturnNotAttached,
    kIOReturnNotFound,
    kIOReturnNotOpen,
    kIOReturnNotPermitted,
    kIOReturnNotPrivileged,
    kIOReturnNotReady,
    kIOReturnNotResponding,
    kIOReturnOffline,
    kIOReturnOverrun,
    kIOReturnSuccess,
    kIOReturnTimeout,
    kIOReturnUnderrun,
    kIOReturnUnsupported,
    kUSBHostReturnPipeStalled,
    kUSBHostReturnTransactionTimeout,
)
from runtime.driverkit.log import IOLog
from runtime.driverkit.memory import IOBufferMemoryDescriptor, IOMemoryDescriptor
from runtime.driverkit.object import QUEUENAME, OSObject, kIOServiceDefaultQueueName
from runtime.driverkit.service import IOService
from runtime.driverkit.sources import IODispatchSource, IOTimerDispatchSource
from runtime.driverkit.usb import IOUSBHostDevice, IOUSBHostInterface, IOUSBHostPipe

__all__ = [
    "QUEUENAME",
    "CallbackType",
    "IOBufferMemoryDescriptor",
    "IODispatchQueue",
    "IODispatchSource",
    "IOLog",
    "IOMemoryDescriptor",
    "IOReturnError",
    "IOService",
    "IOTimerDispatchSource",
    "IOUSBHostDevice",
    "IOUSBHostInterface",
    "IOUSBHostPipe",
    "OSAction",
    "OSObject",
    "StringFromReturn",
    "callback",
    "kIODispatchQueueReentrant",
    "kIODispatchQueueWakeupAll",
    "kIOReturnAborted",
    "kIOReturnBadArgument",
    "kIOReturnBusy",
    "kIOReturnError",
    "kIOReturnExclusiveAccess",
    "kIOReturnNoDevice",
    "kIOReturnNoMemory",
    "kIOReturnNoResources",
    "kIOReturnNoSpace",
    "kIOReturnNotAttached",
    "kIOReturnNotFound",
    "kIOReturnNotOpen",
    "kIOReturnNotPermitted",
    "kIOReturnNotPrivileged",
    "kIOReturnNotReady",
    "kIOReturnNotResponding",
    "kIOReturnOffline",
    "kIOReturnOverrun",
    "kIOReturnSuccess",
    "kIOReturnTimeout",
    "kIOReturnUnderrun",
    "kIOReturnUnsupported",
    "kIOServiceDefaultQueueName",
    "kIOTimerClockMachAbsoluteTime",
    "kIOTimerClockMachContinuousTime",
    "kIOTimerClockMonotonicRaw",
    "kIOTimerClockUptimeRaw",
    "kIOTimerClockWallTime",
    "kUSBHostReturnPipeStalled",
    "kUSBHostReturnTransactionTimeout",
    "mach_absolute_time",
    "mach_continuous_time",
]
