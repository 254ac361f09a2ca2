"""Power: what a service is told of the machine's sleep, and what it may ask for.

Source: DriverKit's IOService.iig; xnu IOUserServer.cpp (sPowerStates, setPowerState).
Invariant: a change that the driver was told of is acknowledged by its return.
"""

from runtime.driverkit.entry import EntryMethods
from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument, kIOReturnUnsupported
from runtime.wire import service

kIOServicePowerCapabilityOff = 0
"""The machine will sleep."""
kIOServicePowerCapabilityOn = 2
"""The device and the machine are fully powered."""
kIOServicePowerCapabilityLow = 0x10000
"""The device may save power while the machine runs."""

_CAPABILITIES = (
    kIOServicePowerCapabilityOff,
    kIOServicePowerCapabilityOn,
    kIOServicePowerCapabilityLow,
)


class PowerMethods(EntryMethods):
    """What `IOService` has of power management."""

    def JoinPMTree(self) -> None:
        """Have a service that `Create` made told of power, too; one that was matched always is.

        Raises:
            IOReturnError: kIOReturnNotPermitted on a proxy.
        """
        self._tell(service.JoinPMTree())

    def SetPowerState(self, powerFlags: int) -> None:
        """The power changes: make the device safe for it, then call ``super()``.

        The machine waits for the return, but not for ever: about as long as its session manager
        lets anybody delay it.

        A USB device is awake when its driver is told that it is on, and may sleep once it was told
        `kIOServicePowerCapabilityLow`; when the device then wakes of itself, it is told to be on.

        Args:
            powerFlags: `kIOServicePowerCapabilityOff` before the machine sleeps,
                `kIOServicePowerCapabilityOn` when it has woken, and what `ChangePowerState` asked
                for.
        """

    def ChangePowerState(self, powerFlags: int) -> None:
        """Ask for another state of this service; `SetPowerState` is called with it later.

        With `kIOServicePowerCapabilityLow` the driver lets its USB device sleep, as far as the
        machine is set so (``power/control``); until it is on again, its I/O fails.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is no ``kIOServicePowerCapability…``;
                kIOReturnNotPermitted on a proxy.
        """
        if powerFlags not in _CAPABILITIES:
            raise IOReturnError(
                kIOReturnBadArgument,
                f"power: expected a kIOServicePowerCapability…, found {powerFlags:#x}",
            )
        self._tell(service.ChangePowerState(powerFlags))

    def SetPowerOverride(self, enable: bool) -> None:
        """Let this service alone decide on its state, whatever those above it need.

        Raises:
            IOReturnError: kIOReturnUnsupported: on Linux the kernel decides for the devices above.
        """
        raise IOReturnError(kIOReturnUnsupported, f"SetPowerOverride({enable}): none on Linux")

    def RequireMaxBusStall(self, maxBusStall: int) -> None:
        """Bound how long memory may be out of a device's reach.

        Raises:
            IOReturnError: kIOReturnUnsupported: a driver here does no DMA of its own.
        """
        raise IOReturnError(kIOReturnUnsupported, f"RequireMaxBusStall({maxBusStall}): no DMA here")
