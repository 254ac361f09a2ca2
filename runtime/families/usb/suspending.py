"""The suspending of a real device, as far as one open node is concerned.

Runs in the event loop of the device's broker; while the device may sleep a thread waits for its
resume, which the kernel tells in no other way.
Source: drivers/usb/core/devio.c (proc_allow_suspend, proc_wait_for_resume).
Invariant: nobody is told of a resume from before the device was last let sleep.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from runtime.linux.usbfs import Usbfs
from runtime.linux.usbfs_status import refusals


class UsbfsSleeper:
    """A `runtime.families.usb.rest.Sleeper`."""

    def __init__(self, usbfs: Usbfs) -> None:
        self._usbfs = usbfs
        self._loop = asyncio.get_running_loop()
        self._woken: Callable[[], None] | None = None
        self._turn = 0
        self._waits = False

    def rest(self, woken: Callable[[], None]) -> None:
        """See `Sleeper.rest`."""
        with refusals("sleep"):
            self._usbfs.allow_suspend()
        self._woken = woken
        self._turn += 1
        if not self._waits:
            self._wait()

    def wake(self) -> None:
        """See `Sleeper.wake`."""
        self._woken = None
        with contextlib.suppress(OSError):  # it is gone
            self._usbfs.forbid_suspend()

    def _wait(self) -> None:
        self._waits = True
        arguments = (self._turn,)
        threading.Thread(target=self._run, args=arguments, name="resume", daemon=True).start()

    def _run(self, turn: int) -> None:
        with contextlib.suppress(OSError):
            self._usbfs.wait_for_resume()
        with contextlib.suppress(RuntimeError):  # the broker ends
            self._loop.call_soon_threadsafe(self._resumed, turn)

    def _resumed(self, turn: int) -> None:
        self._waits = False
        if self._woken is None:
            return
        if turn != self._turn:
            self._wait()  # it may have been an earlier one; if not, that returns at once
            return
        woken, self._woken = self._woken, None
        woken()
