"""`kern_return_t` for driver authors: DriverKit's names, and the exception that carries one.

Invariant: every name here is `runtime.model.kern_return`'s number.
"""

from runtime.model.kern_return import IOReturn

kIOReturnSuccess = IOReturn.SUCCESS
kIOReturnError = IOReturn.ERROR
kIOReturnNoMemory = IOReturn.NO_MEMORY
kIOReturnNoResources = IOReturn.NO_RESOURCES
kIOReturnIPCError = IOReturn.IPC_ERROR
kIOReturnNoDevice = IOReturn.NO_DEVICE
kIOReturnNotPrivileged = IOReturn.NOT_PRIVILEGED
kIOReturnBadArgument = IOReturn.BAD_ARGUMENT
kIOReturnLockedRead = IOReturn.LOCKED_READ
kIOReturnLockedWrite = IOReturn.LOCKED_WRITE
kIOReturnExclusiveAccess = IOReturn.EXCLUSIVE_ACCESS
kIOReturnBadMessageID = IOReturn.BAD_MESSAGE_ID
kIOReturnUnsupported = IOReturn.UNSUPPORTED
kIOReturnVMError = IOReturn.VM_ERROR
kIOReturnInternalError = IOReturn.INTERNAL_ERROR
kIOReturnIOError = IOReturn.IO_ERROR
kIOReturnCannotLock = IOReturn.CANNOT_LOCK
kIOReturnNotOpen = IOReturn.NOT_OPEN
kIOReturnNotReadable = IOReturn.NOT_READABLE
kIOReturnNotWritable = IOReturn.NOT_WRITABLE
kIOReturnNotAligned = IOReturn.NOT_ALIGNED
kIOReturnBadMedia = IOReturn.BAD_MEDIA
kIOReturnStillOpen = IOReturn.STILL_OPEN
kIOReturnRLDError = IOReturn.RLD_ERROR
kIOReturnDMAError = IOReturn.DMA_ERROR
kIOReturnBusy = IOReturn.BUSY
kIOReturnTimeout = IOReturn.TIMEOUT
kIOReturnOffline = IOReturn.OFFLINE
kIOReturnNotReady = IOReturn.NOT_READY
kIOReturnNotAttached = IOReturn.NOT_ATTACHED
kIOReturnNoChannels = IOReturn.NO_CHANNELS
kIOReturnNoSpace = IOReturn.NO_SPACE
kIOReturnPortExists = IOReturn.PORT_EXISTS
kIOReturnCannotWire = IOReturn.CANNOT_WIRE
kIOReturnNoInterrupt = IOReturn.NO_INTERRUPT
kIOReturnNoFrames = IOReturn.NO_FRAMES
kIOReturnMessageTooLarge = IOReturn.MESSAGE_TOO_LARGE
kIOReturnNotPermitted = IOReturn.NOT_PERMITTED
kIOReturnNoPower = IOReturn.NO_POWER
kIOReturnNoMedia = IOReturn.NO_MEDIA
kIOReturnUnformattedMedia = IOReturn.UNFORMATTED_MEDIA
kIOReturnUnsupportedMode = IOReturn.UNSUPPORTED_MODE
kIOReturnUnderrun = IOReturn.UNDERRUN
kIOReturnOverrun = IOReturn.OVERRUN
kIOReturnDeviceError = IOReturn.DEVICE_ERROR
kIOReturnNoCompletion = IOReturn.NO_COMPLETION
kIOReturnAborted = IOReturn.ABORTED
kIOReturnNoBandwidth = IOReturn.NO_BANDWIDTH
kIOReturnNotResponding = IOReturn.NOT_RESPONDING
kIOReturnIsoTooOld = IOReturn.ISO_TOO_OLD
kIOReturnIsoTooNew = IOReturn.ISO_TOO_NEW
kIOReturnNotFound = IOReturn.NOT_FOUND
kIOReturnInvalid = IOReturn.INVALID
kUSBHostReturnPipeStalled = IOReturn.USB_PIPE_STALLED
kUSBHostReturnTransactionTimeout = IOReturn.USB_TRANSACTION_TIMEOUT

_NAMES = {value: name for name, value in list(globals().items()) if isinstance(value, IOReturn)}


def StringFromReturn(code: int) -> str:
    """The name of a return code, e.g. ``kIOReturnNotOpen``; its number in hex where it has none."""
    return next((name for value, name in _NAMES.items() if value == code), f"{code:#010x}")


class IOReturnError(Exception):
    """A DriverKit call failed; raise it in `Start` to refuse a provider.

    Attributes:
        code: The `kern_return_t`, one of the ``kIOReturn…`` names or another number.
    """

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(f"{StringFromReturn(code)}: {text}" if text else StringFromReturn(code))
        self.code = code
        self.text = text
