"""Whether a USB device may sleep while it is open: when every driver that has a part of it lets it.

Runs in the event loop of the device's broker.
Invariant: a device is awake while something of it is open that does not rest.
"""

import time
from collections.abc import Callable
from typing import Protocol

from runtime.families.provider import Complete
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import methods, usb


class Sleeper(Protocol):
    """A device that the kernel can suspend."""

    def rest(self, woken: Callable[[], None]) -> None:
        """Let the kernel suspend it; `woken` once it has resumed, unless `wake` came before.

        ReturnError: the kernel knows of no such thing.
        """

    def wake(self) -> None:
        """Have it resume, unless it is gone, and keep it awake."""


class Rest:
    """What of one device rests.

    Args:
        device: None: it never sleeps.
        openers: Interfaces open now; shared.
    """

    def __init__(self, device: Sleeper | None, openers: set[int]) -> None:
        self._device = device
        self._openers = openers
        self._woken: dict[int, Callable[[], None]] = {}  # by what rests
        self._resting = False

    def begin(self, number: int, woken: Callable[[], None]) -> None:
        """An open interface is not needed for now; `woken` once the device has woken of itself."""
        self._woken[number] = woken
        try:
            self.settle()
        except ReturnError:
            del self._woken[number]
            raise

    def end(self, number: int) -> None:
        """It is needed again, or was closed; the device is awake when this returns."""
        self._woken.pop(number, None)
        self.settle()

    def settle(self) -> None:
        """What is open has changed."""
        rests = bool(self._openers) and self._openers <= self._woken.keys()
        if self._device is None or rests is self._resting:
            return
        if rests:
            self._device.rest(self._wake_all)
        else:
            self._device.wake()
        self._resting = rests

    def _wake_all(self) -> None:
        woken, self._woken = self._woken, {}
        self.settle()
        for tell in woken.values():
            tell()


class RestCalls:
    """One driver process that lets what it has open rest.

    Args:
        rest: Of the device.
        number: What it has open.
        complete: Where completions go.
    """

    def __init__(self, rest: Rest, number: int, complete: Complete) -> None:
        self._rest = rest
        self._number = number
        self._complete = complete
        self._action: int | None = None

    def call(self, method: usb.Rest | usb.Wake) -> None:
        """Let it rest, or need it; ReturnError: the device cannot."""
        self.end()
        if isinstance(method, usb.Rest):
            self._rest.begin(self._number, self._over)
            self._action = method.action

    def end(self) -> None:
        """It is needed, or closed."""
        self._rest.end(self._number)
        self._over()

    def _over(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            end = methods.CompleteAsyncIO(IOReturn.SUCCESS, 0, time.monotonic_ns())
            self._complete(action, end)
