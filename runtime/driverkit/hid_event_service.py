"""`IOHIDEventService`: events of a keyboard, a pointer and a digitizer that the system uses.

They are those of a HID device that the broker publishes for the driver.
Source: HIDDriverKit's IOHIDEventService.iig.
Invariant: what the driver says is down is down until it says otherwise, or its process ends.
"""

from collections.abc import Sequence

from runtime.driverkit.hid import IOHIDInterface
from runtime.driverkit.hid_device import HIDPublisher
from runtime.driverkit.hid_digitizer import (
    FIXED,
    IOHIDDigitizerStylusData,
    IOHIDDigitizerTouchData,
    fingers_of,
    pen_of,
    place_of,
)
from runtime.driverkit.hid_elements import (
    IOHIDElement,
    kIOHIDElementCommitDirectionOut,
    kIOHIDElementTypeOutput,
)
from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument, kIOReturnError
from runtime.driverkit.log import IOLog
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import invoke
from runtime.model import hid_events
from runtime.model.hid import ReportType, Usage
from runtime.model.report_descriptor import device_usages
from runtime.wire import hid


def IntToFixed(value: int) -> int:
    """An IOFixed: a whole number with 16 bits behind its point."""
    return value * FIXED


class IOHIDEventService(HIDPublisher):
    """An event service of the system; needs the entitlement family.hid.eventservice."""

    def Start(self, provider: IOService) -> None:
        """Prepare to dispatch; `publish` does what makes events arrive."""
        super().Start(provider)
        self._keys: set[int] = set()
        self._consumer_keys: set[int] = set()
        self._buttons = 0
        self._lamps: int | None = None  # bits, as the system last said
        self._left = [0, 0, 0, 0]  # parts of a step that were not said yet, as IOFixed
        self._digitizes = False

    def publish(self) -> None:
        """Have the system see the events' device.

        Raises:
            IOReturnError: kIOReturnNotPermitted without the entitlement.
        """
        pages = {usage.page for usage in usages_of(self.GetProvider())}
        self._publish(digitizer=hid_events.DIGITIZER_PAGE in pages)
        self.await_requests()

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

    def dispatchAbsolutePointerEvent(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        timeStamp: int,
        x: int,
        y: int,
        buttonState: int,
        options: int = 0,
        accelerate: bool = True,
    ) -> None:
        """The pointer is here, as IOFixed from 0 to 1 of the screen; buttons as of a relative one.

        A digitizer is published beside keyboard and pointer with the first of these.
        """
        del timeStamp, options, accelerate
        place = hid_events.place(buttonState, place_of(x), place_of(y))
        self._say_of_digitizer(place)

    def dispatchDigitizerStylusEvent(
        self, timeStamp: int, stylusData: IOHIDDigitizerStylusData
    ) -> None:
        """A stylus is near the digitizer, on it, or leaves it."""
        del timeStamp
        self._say_of_digitizer(hid_events.stylus(pen_of(stylusData)))

    def dispatchDigitizerTouchEvent(
        self,
        timeStamp: int,
        touchData: Sequence[IOHIDDigitizerTouchData],
        touchDataCount: int | None = None,
    ) -> None:
        """Fingers are on the digitizer, all of them at once; who leaves says so with `touch` False.

        Raises:
            IOReturnError: kIOReturnBadArgument for more than five.
        """
        del timeStamp
        fingers = fingers_of(touchData[:touchDataCount])
        if len(fingers) > hid_events.FINGERS:
            raise IOReturnError(
                kIOReturnBadArgument,
                f"touch: expected at most {hid_events.FINGERS} fingers, found {len(fingers)}",
            )
        self._say_of_digitizer(hid_events.touch(fingers))

    def SetLEDState(self, usagePage: int, usage: int, on: bool) -> None:
        """The system switches a lamp of the keyboard; this one has the device's do as well."""
        if usagePage == hid_events.LED_PAGE:
            try:
                self.SetLED(usage, on)
            except IOReturnError as error:
                IOLog(f"SetLED: {error}")  # a lamp that stays dark is no reason to end

    def SetLED(self, usage: int, on: bool) -> None:
        """Switch a lamp of the device, a usage of the LED page, if it has such a one.

        Raises:
            IOReturnError: The device refused.
        """
        provider = self.GetProvider()
        if not isinstance(provider, IOHIDInterface):
            return
        lamps = [each for each in provider.getElements() if _is_lamp(each, usage)]
        for each in lamps:
            each.setValue(int(on))
        provider.commitElements(lamps, kIOHIDElementCommitDirectionOut)

    def hear(self, asked: hid.ReportRequested) -> None:
        """Tell of the lamps."""
        keyboard = asked.kind is ReportType.OUTPUT and asked.report_id == hid_events.KEYBOARD
        if asked.sets and keyboard and len(asked.report) > 1:
            lamps = asked.report[1]
            changed = lamps ^ (~lamps if self._lamps is None else self._lamps)
            self._lamps = lamps
            for usage in range(1, hid_events.LEDS + 1):
                if changed >> usage - 1 & 1:
                    self.SetLEDState(hid_events.LED_PAGE, usage, bool(lamps >> usage - 1 & 1))
        if asked.request:
            status = 0 if asked.sets else kIOReturnError
            invoke(self._transport, 0, hid.CompleteReport(asked.request, status), type(None))

    def _steps(self, axis: int, moved: int) -> int:
        """Whole steps of a movement; the rest is said with the next ones."""
        steps, self._left[axis] = divmod(self._left[axis] + moved, FIXED)
        return steps

    def _publish(self, *, digitizer: bool) -> None:
        identity = self.identity(self.GetProvider().CopyProperties())
        invoke(self._transport, 0, hid.PublishEvents(identity, digitizer), type(None))
        self._digitizes = digitizer

    def _say_of_digitizer(self, report: bytes) -> None:
        if not self._digitizes:
            self._publish(digitizer=True)
            self._say(hid_events.keyboard(self._keys))  # what is down still is
            self._say(hid_events.consumer(self._consumer_keys))
        self._say(report)

    def _say(self, report: bytes) -> None:
        invoke(self._transport, 0, hid.HandleReport(report), type(None))


def usages_of(provider: IOService) -> list[Usage]:
    """What a HID device says it is; nothing of other providers."""
    if not isinstance(provider, IOHIDInterface):
        return []
    return device_usages(provider.CopyReportDescriptor())


def _is_lamp(element: IOHIDElement, usage: int) -> bool:
    is_output = element.getType() == kIOHIDElementTypeOutput
    return is_output and element.conformsTo(hid_events.LED_PAGE, usage)


_KEYS = range(hid_events.FIRST_KEY, hid_events.LAST_KEY + 1)
_CONSUMER_KEYS = range(1, hid_events.LAST_CONSUMER + 1)
