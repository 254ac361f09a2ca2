"""`kern_return_t` for driver authors: DriverKit's names, and the exception that carries one.

Invariant: every name here is `runtime.model.kern_return`'s number.
"""

from runtime.model.kern_return import IOReturn

kIOReturnSuccess = IOReturn.SUCCESS
kIOReturnError = IOReturn.ERROR
kIOReturnNoMemory = IOReturn.NO_MEMORY
kIOReturnNoResources = IOReturn.NO_RESOURCES
kIOReturnNoDevice = IOReturn.NO_DEVICE
kIOReturnNotPrivileged = IOReturn.NOT_PRIVILEGED
kIOReturnBadArgument = IOReturn.BAD_ARGUMENT
kIOReturnExclusiveAccess = IOReturn.EXCLUSIVE_ACCESS
kIOReturnUnsupported = IOReturn.UNSUPPORTED
kIOReturnNotOpen = IOReturn.NOT_OPEN
kIOReturnBusy = IOReturn.BUSY
kIOReturnTimeout = IOReturn.TIMEOUT
kIOReturnOffline = IOReturn.OFFLINE
kIOReturnNotReady = IOReturn.NOT_READY
kIOReturnNotAttached = IOReturn.NOT_ATTACHED
kIOReturnNotPermitted = IOReturn.NOT_PERMITTED
kIOReturnNoSpace = IOReturn.NO_SPACE
kIOReturnOverrun = IOReturn.OVERRUN
kIOReturnUnderrun = IOReturn.UNDERRUN
kIOReturnAborted = IOReturn.ABORTED
kIOReturnNotResponding = IOReturn.NOT_RESPONDING
kIOReturnNotFound = IOReturn.NOT_FOUND
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
