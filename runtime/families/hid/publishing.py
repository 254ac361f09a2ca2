"""What a driver process may publish beside what its provider offers, and whether it may.

Runs in the event loop of the broker.
Invariant: without the entitlement, which the runtime has looked at, nothing is published or seized.
"""

from runtime.families.hid.provider import Published
from runtime.families.provider import Answer, ProviderSession
from runtime.model.errors import ReturnError
from runtime.model.hid import PUBLISHED_DEVICE, PUBLISHED_EVENTS, PUBLISHER
from runtime.model.hid_events import DIGITIZER_DESCRIPTOR, EVENT_DESCRIPTOR
from runtime.model.kern_return import IOReturn
from runtime.wire import hid, methods
from runtime.wire.broker import Denials


class PublishingSession:
    """One driver process at its provider, and the one HID device that it may publish.

    Args:
        provider: Its session; owned from now on.
        denials: What it may not, and why.
        publisher: The id of its bundle.
        device: What it may publish; owned from now on.
    """

    def __init__(
        self, provider: ProviderSession, denials: Denials, publisher: str, device: Published
    ) -> None:
        self._provider = provider
        self._denials = denials
        self._publisher = publisher
        self._device = device
        self._made = False
        self._plain_events = False  # made, without a digitizer

    def begin(self, target: int, method: methods.Method, answer: Answer) -> bool:
        """See `ProviderSession.begin`: of what the provider has opened."""
        return target != 0 and self._provider.begin(target, method, answer)

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out one method; the result is of the method's RESULT type.

        Raises:
            ReturnError: The method failed.
        """
        match method:
            case hid.PublishDevice(identity=identity, descriptor=descriptor):
                _allow(self._denials.device)
                self._make(identity, PUBLISHED_DEVICE, descriptor)
            case hid.PublishEvents(identity=identity, digitizer=digitizer):
                _allow(self._denials.events)
                self._make_events(identity, digitizer=digitizer)
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
        self._device.close()
        self._provider.close()

    def unplug(self) -> None:
        """The provider is gone; what is published stays until the driver's process ends."""
        self._provider.unplug()

    def _make(self, identity: hid.HIDIdentity, kind: str, descriptor: bytes) -> None:
        if self._made:
            raise ReturnError(IOReturn.BUSY, "published device: expected one of a driver")
        self._device.make(identity, kind + self._publisher[:PUBLISHER], descriptor)
        self._made = True

    def _make_events(self, identity: hid.HIDIdentity, *, digitizer: bool) -> None:
        if digitizer and self._plain_events:
            self._device.withdraw()
            self._made = False
        descriptor = DIGITIZER_DESCRIPTOR if digitizer else EVENT_DESCRIPTOR
        self._make(identity, PUBLISHED_EVENTS, descriptor)
        self._plain_events = not digitizer

    def _published(self) -> Published:
        if not self._made:
            raise ReturnError(IOReturn.NOT_OPEN, "published device: expected one, found none")
        return self._device


def _allow(denial: str) -> None:
    if denial:
        raise ReturnError(IOReturn.NOT_PERMITTED, denial)
