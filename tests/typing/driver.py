"""What a driver author's editor says of the SDK: the types of results, and mistakes that it finds.

Read by the type checkers and never run. Each ignored error is one that they have to find: an
ignore without an error is an error itself.
Invariant: nothing here is imported.
"""

from typing import Annotated, ClassVar, assert_type

from runtime.driverkit import (
    CallbackType,
    IOBufferMemoryDescriptor,
    IODispatchQueue,
    IOMemoryMap,
    IOService,
    IOServiceNotificationDispatchSource,
    IOTimerDispatchSource,
    IOUSBHostInterface,
    IOUSBHostPipe,
    OSAction,
    callback,
    kIOServicePowerCapabilityOn,
    remote,
)


class Meter(IOService):
    """A nub with a remote method and one that calls back."""

    Measured: ClassVar[CallbackType[[int]]] = CallbackType("Meter::Measured", value=int)

    @remote
    def Read(self, channel: int, scale: float = 1.0) -> list[float]:
        """Read a channel."""
        return [channel * scale]

    @remote
    def Subscribe(self, action: Annotated[OSAction, Measured]) -> None:
        """Call back with a value, and then wrongly."""
        self.Measured(action, 7)
        self.Measured(action, "7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        self.Measured(action)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class Reader(IOService):
    """A driver on a nub."""

    def Start(self, provider: IOService) -> None:
        """Call the provider, and then wrongly."""
        super().Start(provider)
        assert isinstance(provider, Meter)
        assert_type(provider.Read(1, scale=2.0), list[float])
        provider.Read("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        provider.Subscribe(self.CreateAction(self.Heard))
        self.SetPowerState(kIOServicePowerCapabilityOn)
        assert_type(self.SearchProperty("x") == 1, bool)

    @callback(Meter.Measured)
    def Heard(self, action: OSAction, value: int) -> None:
        """Take a value."""

    @callback(Meter.Measured)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    def HeardWrongly(self, action: OSAction, value: str) -> None:
        """Take a value of another type."""

    @callback(IOTimerDispatchSource.TimerOccurred)
    def Ticked(self, action: OSAction, time: int) -> None:
        """Take a time."""


class UsbDriver(IOService):
    """A driver on a USB interface."""

    def Start(self, provider: IOService) -> None:
        """Use the provider, memory, queues and sources."""
        assert isinstance(provider, IOUSBHostInterface)
        assert_type(provider.CopyPipe(0x81), IOUSBHostPipe)
        provider.CopyPipe("0x81")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        memory = IOBufferMemoryDescriptor.Create(64)
        assert_type(memory.CreateMapping(), IOMemoryMap)
        queue = IODispatchQueue.Create("com.example.slow")
        assert_type(queue, IODispatchQueue)
        assert_type(queue.DispatchSync(lambda: 7), int)
        matching = IOService.CreateUserClassMatchingDictionary("Meter")
        source = IOServiceNotificationDispatchSource.Create(matching, 0, queue)
        source.DeliverNotifications(self.Seen)
        source.DeliverNotifications(self.Stop)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert_type(self.CreateAction(self.Stop), OSAction)

    def Seen(self, kind: int, service: IOService, options: int) -> None:
        """Take a service."""
