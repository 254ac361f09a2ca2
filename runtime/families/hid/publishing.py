"""What a driver process may publish beside what its provider offers, and whether it may.

Runs in the event loop of the broker.
Invariant: without the entitlement, which the runtime has looked at, nothing is published or seized.
"""

import os

from runtime.families.hid.published import PublishedDevice
from runtime.families.provider import Complete, ProviderSession
from runtime.model.errors import ReturnError
from runtime.model.hid_events import EVENT_DESCRIPTOR
from runtime.model.kern_return import IOReturn
from runtime.wire import hid, methods
from runtime.wire.broker import Denials


class PublishingSession:
    """One driver process at its provider, and the one HID device that it may publish.

    Args:
        provider: Its session; owned from now on.
        denials: What it may not, and why.
        node: A fresh /dev/uhid, owned from now on; -1 for none.
        complete: Where completions go.
    """

    def __init__(
        self, provider: ProviderSession, denials: Denials, node: int, complete: Complete
    ) -> None:
        self._provider = provider
        self._denials = denials
        self._node = node
        self._complete = complete
        self._device: PublishedDevice | None = None

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed.
        """
        match method:
            case hid.PublishDevice(identity=identity, descriptor=descriptor):
                _allow(self._denials.device)
                self._publish(identity, descriptor)
            case hid.PublishEvents(identity=identity):
                _allow(self._denials.events)
                self._publish(identity, EVENT_DESCRIPTOR)
            case hid.HandleReport(report=report):
                self._published().say(report)
            case hid.AwaitRequest(action=action):
                self._published().await_request(action)
            case hid.CompleteReport():
                self._published().complete_report(method)
            case hid.HIDOpen(seize=True):
                _allow(self._denials.events)
                return await self._provider.call(target, method)
            case _:
                return await self._provider.call(target, method)
        return None

    def close(self) -> None:
        """Take the device away, and let go of the provider; idempotent."""
        if self._device is not None:
            self._device.close()
            self._device = None
        elif self._node >= 0:
            os.close(self._node)
        self._node = -1
        self._provider.close()

    def unplug(self) -> None:
        """The provider is gone; what is published stays until the driver's process ends."""
        self._provider.unplug()

    def _publish(self, identity: hid.HIDIdentity, descriptor: bytes) -> None:
        if self._node < 0:
            raise ReturnError(IOReturn.BUSY, "published device: expected one of a driver")
        node, self._node = self._node, -1
        self._device = PublishedDevice(node, identity, descriptor, self._complete)

    def _published(self) -> PublishedDevice:
        if self._device is None:
            raise ReturnError(IOReturn.NOT_OPEN, "published device: expected one, found none")
        return self._device


def _allow(denial: str) -> None:
    if denial:
        raise ReturnError(IOReturn.NOT_PERMITTED, denial)
