"""A device that Linux gives to user space through UIO: its one interrupt.

The kernel's own part has disabled the interrupt when it has happened, as it does not know how the
device is quietened: the driver has it enabled again. Not every such driver can be told to.
Source: kernel Documentation/driver-api/uio-howto.rst; drivers/uio/uio.c.
Invariant: runs in the event loop of the broker that owns the node.
"""

import asyncio
import errno
import os
import struct
from collections.abc import Callable

from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire.interrupt import LEVEL

_COUNT = struct.Struct("=i")
_WRAP = 1 << 32


class UioDevice:
    """An open UIO node, owned from now on."""

    types = (LEVEL,)

    def __init__(self, node: int) -> None:
        self._node = node
        self._seen: int | None = None  # the kernel's count, of all since the device is there
        self._hear: Callable[[int], None] | None = None
        os.set_blocking(node, False)

    def hear(self, index: int, happened: Callable[[int], None] | None) -> None:
        """See `InterruptDevice.hear`."""
        del index
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._node)
        self._hear = happened
        if happened is not None:
            loop.add_reader(self._node, self._happened)

    def enable(self, index: int, *, on: bool) -> None:
        """See `InterruptDevice.enable`; one that its kernel driver controls is always on."""
        del index
        try:
            os.write(self._node, _COUNT.pack(on))
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise ReturnError(IOReturn.IO_ERROR, f"UIO: {error.strerror}") from error

    def close(self) -> None:
        """See `InterruptDevice.close`."""
        if self._node >= 0:
            self.hear(0, None)
            os.close(self._node)
            self._node = -1

    def _happened(self) -> None:
        try:
            (count,) = _COUNT.unpack(os.read(self._node, _COUNT.size))
        except BlockingIOError:
            return
        except OSError:
            self.hear(0, None)  # the device is gone, as an unplug will say
            return
        new = 1 if self._seen is None else (count - self._seen) % _WRAP
        self._seen = count
        if self._hear is not None and new:
            self._hear(new)
