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
from runtime.driverkit.hid import (
    IOHIDInterface,
    kIOHIDReportTypeFeature,
    kIOHIDReportTypeInput,
    kIOHIDReportTypeOutput,
    kIOServiceSeize,
)
from runtime.driverkit.hid_device import IOUserHIDDevice
from runtime.driverkit.hid_elements import (
    IOHIDElement,
    kIOHIDElementCommitDirectionIn,
    kIOHIDElementCommitDirectionOut,
    kIOHIDElementTypeFeature,
    kIOHIDElementTypeInput_Axis,
    kIOHIDElementTypeInput_Button,
    kIOHIDElementTypeInput_Misc,
    kIOHIDElementTypeInput_ScanCodes,
    kIOHIDElementTypeOutput,
)
from runtime.driverkit.hid_events import IntToFixed, IOUserHIDEventService
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
    "IOHIDElement",
    "IOHIDInterface",
    "IOLog",
    "IOMemoryDescriptor",
    "IOReturnError",
    "IOService",
    "IOTimerDispatchSource",
    "IOUSBHostDevice",
    "IOUSBHostInterface",
    "IOUSBHostPipe",
    "IOUserHIDDevice",
    "IOUserHIDEventService",
    "IntToFixed",
    "OSAction",
    "OSObject",
    "StringFromReturn",
    "callback",
    "kIODispatchQueueReentrant",
    "kIODispatchQueueWakeupAll",
    "kIOHIDElementCommitDirectionIn",
    "kIOHIDElementCommitDirectionOut",
    "kIOHIDElementTypeFeature",
    "kIOHIDElementTypeInput_Axis",
    "kIOHIDElementTypeInput_Button",
    "kIOHIDElementTypeInput_Misc",
    "kIOHIDElementTypeInput_ScanCodes",
    "kIOHIDElementTypeOutput",
    "kIOHIDReportTypeFeature",
    "kIOHIDReportTypeInput",
    "kIOHIDReportTypeOutput",
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
    "kIOServiceSeize",
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
