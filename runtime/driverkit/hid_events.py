"""`IOUserHIDEventService`: turns a device's reports into events of a keyboard and a pointer.

The events are those of a HID device that the broker publishes for the driver.
Source: HIDDriverKit's IOHIDEventService.iig and IOUserHIDEventService.iig.
Invariant: what the driver says is down is down until it says otherwise, or its process ends.
"""

from runtime.driverkit.action import OSAction, callback
from runtime.driverkit.hid import IOHIDInterface, kIOServiceSeize
from runtime.driverkit.hid_device import HIDPublisher
from runtime.driverkit.hid_elements import IOHIDElement
from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument, kIOReturnError
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import invoke
from runtime.model import hid_events
from runtime.model.hid import ReportType
from runtime.wire import hid

_FIXED = 1 << 16


def IntToFixed(value: int) -> int:
    """An IOFixed: a whole number with 16 bits behind its point."""
    return value * _FIXED


class IOUserHIDEventService(HIDPublisher):
    """An event service of the system; needs the entitlement family.hid.eventservice.

    Its provider's input is its own: nobody else sees it. An override of `handleReport` says what
    the reports mean by the ``dispatch…`` methods.
    """

    def Start(self, provider: IOService) -> None:
        """Publish the events' device, and open the provider if it is a HID interface.

        Raises:
            IOReturnError: kIOReturnNotPermitted without the entitlement.
        """
        super().Start(provider)
        self._keys: set[int] = set()
        self._consumer_keys: set[int] = set()
        self._buttons = 0
        self._left = [0, 0, 0, 0]  # parts of a step that were not said yet, as IOFixed
        if not self.handleStart(provider):
            raise IOReturnError(kIOReturnError, f"{type(self).__name__}.handleStart: False")
        invoke(
            self._transport,
            0,
            hid.PublishEvents(self.identity(provider.CopyProperties())),
            type(None),
        )
        self.await_requests()
        if isinstance(provider, IOHIDInterface):
            provider.Open(self, kIOServiceSeize, self.CreateAction(self._report_available))

    def handleStart(self, provider: IOService) -> bool:
        """Prepare, before events can be dispatched; False refuses the provider."""
        del provider
        return True

    def handleReport(
        self, timestamp: int, report: bytes, reportLength: int, reportType: int, reportID: int
    ) -> None:
        """An input report of the provider; this one sets the values of `getElements`."""
        provider = self.GetProvider()
        if isinstance(provider, IOHIDInterface):
            provider.processReport(timestamp, report, reportLength, reportType, reportID)

    def getElements(self) -> list[IOHIDElement]:
        """The provider's elements; empty for one that is no HID interface."""
        provider = self.GetProvider()
        return provider.getElements() if isinstance(provider, IOHIDInterface) else []

    def dispatchKeyboardEvent(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        timeStamp: int,
        usagePage: int,
        usage: int,
        value: int,
        options: int = 0,
        repeat: bool = False,
    ) -> None:
        """A key is down (`value` 1) or up: a usage of the keyboard or the consumer page.

        Raises:
            IOReturnError: kIOReturnBadArgument, no key of these.
        """
        del timeStamp, options
        if repeat:
            return  # the system repeats keys itself
        if usagePage == hid_events.KEYBOARD_PAGE and usage in _KEYS:
            (self._keys.add if value else self._keys.discard)(usage)
            self._say(hid_events.keyboard(self._keys))
        elif usagePage == hid_events.CONSUMER_PAGE and usage in _CONSUMER_KEYS:
            (self._consumer_keys.add if value else self._consumer_keys.discard)(usage)
            self._say(hid_events.consumer(self._consumer_keys))
        else:
            raise IOReturnError(
                kIOReturnBadArgument,
                "key: expected a usage of the keyboard or consumer page, "
                f"found {usagePage:#x}/{usage:#x}",
            )

    def dispatchRelativePointerEvent(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        timeStamp: int,
        dx: int,
        dy: int,
        buttonState: int,
        options: int = 0,
        accelerate: bool = True,
    ) -> None:
        """The pointer moved right and down, as IOFixed; button n is bit n - 1 of `buttonState`."""
        del timeStamp, options, accelerate
        self._buttons = buttonState
        right, down = self._steps(0, dx), self._steps(1, dy)
        self._say(hid_events.pointer(buttonState, right, down))

    def dispatchRelativeScrollWheelEvent(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        timeStamp: int,
        vertical: int,
        horizontal: int,
        depth: int,
        options: int = 0,
        accelerate: bool = True,
    ) -> None:
        """The wheel was turned, as IOFixed: up and right are positive."""
        del timeStamp, depth, options, accelerate
        wheel, aside = self._steps(2, vertical), self._steps(3, horizontal)
        self._say(hid_events.pointer(self._buttons, 0, 0, wheel, aside))

    def SetLEDState(self, usage: int, on: bool) -> None:
        """The system switches a lamp of the keyboard: a usage of the LED page."""

    def hear(self, asked: hid.ReportRequested) -> None:
        """Tell of the lamps."""
        keyboard = asked.kind is ReportType.OUTPUT and asked.report_id == hid_events.KEYBOARD
        if asked.sets and keyboard and len(asked.report) > 1:
            for usage in range(1, hid_events.LEDS + 1):
                self.SetLEDState(usage, bool(asked.report[1] >> usage - 1 & 1))
        if asked.request:
            status = 0 if asked.sets else kIOReturnError
            invoke(self._transport, 0, hid.CompleteReport(asked.request, status), type(None))

    @callback(IOHIDInterface.ReportAvailable)
    def _report_available(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        action: OSAction,
        timestamp: int,
        reportID: int,
        reportLength: int,
        reportType: int,
        report: IOBufferMemoryDescriptor,
    ) -> None:
        del action
        self.handleReport(
            timestamp, bytes(report)[:reportLength], reportLength, reportType, reportID
        )

    def _steps(self, axis: int, moved: int) -> int:
        """Whole steps of a movement; the rest is said with the next ones."""
        steps, self._left[axis] = divmod(self._left[axis] + moved, _FIXED)
        return steps

    def _say(self, report: bytes) -> None:
        invoke(self._transport, 0, hid.HandleReport(report), type(None))


_KEYS = range(hid_events.FIRST_KEY, hid_events.LAST_KEY + 1)
_CONSUMER_KEYS = range(1, hid_events.LAST_CONSUMER + 1)
