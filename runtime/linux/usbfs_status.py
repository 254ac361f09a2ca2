"""The kernel's refusals and a URB's ends, as DriverKit says them.

Source: Documentation/driver-api/usb/error-codes.rst; xnu iokit/IOKit/IOReturn.h.
Invariant: pure.
"""

import contextlib
import errno
from collections.abc import Iterator

from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn

_STATUS = {
    0: IOReturn.SUCCESS,
    -errno.EPIPE: IOReturn.USB_PIPE_STALLED,
    -errno.EOVERFLOW: IOReturn.OVERRUN,
    -errno.ENODEV: IOReturn.ABORTED,
    -errno.ESHUTDOWN: IOReturn.ABORTED,
    -errno.ENOENT: IOReturn.ABORTED,
    -errno.ECONNRESET: IOReturn.ABORTED,
    -errno.ETIMEDOUT: IOReturn.USB_TRANSACTION_TIMEOUT,
    -errno.EREMOTEIO: IOReturn.UNDERRUN,
    -errno.EXDEV: IOReturn.UNDERRUN,
    -errno.ETIME: IOReturn.NOT_RESPONDING,
    -errno.EPROTO: IOReturn.NOT_RESPONDING,
    -errno.EILSEQ: IOReturn.NOT_RESPONDING,
}
_REFUSAL = {
    errno.EBUSY: IOReturn.EXCLUSIVE_ACCESS,
    errno.ENODEV: IOReturn.NO_DEVICE,
    errno.ENOENT: IOReturn.NOT_FOUND,
    errno.EHOSTUNREACH: IOReturn.NO_POWER,  # it is suspended
    errno.ENOTTY: IOReturn.UNSUPPORTED,
    errno.ENOMEM: IOReturn.NO_MEMORY,
    errno.EACCES: IOReturn.NOT_PERMITTED,
    errno.EPERM: IOReturn.NOT_PERMITTED,
    errno.EINVAL: IOReturn.BAD_ARGUMENT,
    errno.EPIPE: IOReturn.USB_PIPE_STALLED,
    errno.ETIMEDOUT: IOReturn.USB_TRANSACTION_TIMEOUT,
}


def status_of(status: int) -> IOReturn:
    """How a URB, or a packet of one, ended: its status is 0 or a negative errno."""
    return _STATUS.get(status, IOReturn.ERROR)


def refusal(what: str, error: OSError) -> ReturnError:
    """An OSError of usbfs as a ReturnError about `what`."""
    code = _REFUSAL.get(error.errno or 0, IOReturn.ERROR)
    return ReturnError(code, f"{what}: {error.strerror}")


@contextlib.contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn an OSError of usbfs into a ReturnError about `what`."""
    try:
        yield
    except OSError as error:
        raise refusal(what, error) from error
