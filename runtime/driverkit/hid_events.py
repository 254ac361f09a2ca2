"""`IOUserHIDEventService`: turns a HID device's reports into events.

Source: HIDDriverKit's IOUserHIDEventService.iig.
Invariant: while it runs, its provider's input is its own.
"""

from runtime.driverkit.action import OSAction, callback
from runtime.driverkit.hid import IOHIDInterface, kIOServiceSeize
from runtime.driverkit.hid_elements import IOHIDElement
from runtime.driverkit.hid_event_service import IOHIDEventService, usages_of
from runtime.driverkit.kern_return import IOReturnError, kIOReturnError
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService


class IOUserHIDEventService(IOHIDEventService):
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
        if not self.handleStart(provider):
            raise IOReturnError(kIOReturnError, f"{type(self).__name__}.handleStart: False")
        self.publish()
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

    def conformsTo(self, usagePage: int, usage: int) -> bool:
        """Whether the provider says that it is this."""
        return (usagePage, usage) in usages_of(self.GetProvider())

    def getElements(self) -> list[IOHIDElement]:
        """The provider's elements; empty for one that is no HID interface."""
        provider = self.GetProvider()
        return provider.getElements() if isinstance(provider, IOHIDInterface) else []

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
