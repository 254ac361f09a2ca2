"""What a service tells Apple's reporting, which Linux has no counterpart of.

Source: DriverKit's IOService.iig.
Invariant: each refuses with kIOReturnUnsupported, as a service without reports does on macOS;
only a legend is kept, as it is properties.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from runtime.driverkit.entry import EntryMethods
from runtime.driverkit.kern_return import IOReturnError, kIOReturnUnsupported
from runtime.driverkit.memory import IOMemoryDescriptor
from runtime.model.properties import Properties, Value


class ReportingMethods(EntryMethods):
    """What `IOService` has of reports, analytics and the system's state."""

    def ConfigureReport(self, channels: bytes, action: int) -> int:
        """Configure a subscription to report channels; for overrides.

        Raises:
            IOReturnError: kIOReturnUnsupported: nobody subscribes to reports on Linux.
        """
        del channels, action
        self._none("ConfigureReport")

    def UpdateReport(
        self, channels: bytes, action: int, offset: int, capacity: int, buffer: IOMemoryDescriptor
    ) -> int:
        """Write report channels into a buffer; for overrides.

        Raises:
            IOReturnError: kIOReturnUnsupported: nobody subscribes to reports on Linux.
        """
        del channels, action, offset, capacity, buffer
        self._none("UpdateReport")

    def SetLegend(self, legend: Sequence[Value], is_public: bool) -> None:
        """Set the entry's ``IOReportLegend`` and ``IOReportLegendPublic``.

        Raises:
            IOReturnError: As `SetProperties`.
        """
        self.SetProperties({"IOReportLegend": list(legend), "IOReportLegendPublic": is_public})

    def CoreAnalyticsSendEvent(
        self, options: int, eventName: str, eventPayload: Mapping[str, Value]
    ) -> None:
        """Post an event to Apple's analytics.

        Raises:
            IOReturnError: kIOReturnUnsupported: nothing leaves this machine.
        """
        del options, eventName, eventPayload
        self._none("CoreAnalyticsSendEvent")

    def CopySystemStateNotificationService(self) -> NoReturn:
        """The service whose state items tell of the system's.

        Raises:
            IOReturnError: kIOReturnUnsupported.
        """
        self._none("CopySystemStateNotificationService")

    def StateNotificationItemCreate(self, itemName: str, schema: Properties) -> None:
        """Make a state item.

        Raises:
            IOReturnError: kIOReturnUnsupported.
        """
        del itemName, schema
        self._none("StateNotificationItemCreate")

    def StateNotificationItemSet(self, itemName: str, value: Properties) -> None:
        """Set a state item.

        Raises:
            IOReturnError: kIOReturnUnsupported.
        """
        del itemName, value
        self._none("StateNotificationItemSet")

    def StateNotificationItemCopy(self, itemName: str) -> Properties:
        """The value of a state item.

        Raises:
            IOReturnError: kIOReturnUnsupported.
        """
        del itemName
        self._none("StateNotificationItemCopy")

    def _none(self, name: str) -> NoReturn:
        raise IOReturnError(kIOReturnUnsupported, f"{self.GetName()}: no {name} on Linux")
