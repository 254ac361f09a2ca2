"""The sample of nubs: one driver counts interrupts and publishes the count, another reads it.

`MyUserCounterDriver` drives the sample interrupt device (`dext plug ticker`) and makes a nub,
`MyUserCounter`. `MyUserCounterReader` matches that nub, in a process of its own: it asks for the
count by a timer, and is called back at every tenth interrupt.
"""

from typing import Annotated, ClassVar

from runtime.driverkit import (
    CallbackType,
    IOInterruptDispatchSource,
    IOLog,
    IOService,
    IOServiceNotificationDispatchSource,
    IOTimerDispatchSource,
    OSAction,
    callback,
    kIOServiceNotificationTypeMatched,
    kIOTimerClockUptimeRaw,
    mach_absolute_time,
    remote,
)

INTERRUPT = 0
SECOND = 1_000_000_000


class MyUserCounter(IOService):
    """The nub: what other drivers may ask, and what it calls back with."""

    Tenth: ClassVar[CallbackType[[int]]] = CallbackType("MyUserCounter::Tenth", count=int)

    count = 0

    def Start(self, provider: IOService) -> None:
        """Be there for other drivers."""
        super().Start(provider)
        self.waiting: list[OSAction] = []
        self.RegisterService()

    @remote
    def GetCount(self) -> int:
        """How many interrupts there have been."""
        return self.count

    @remote
    def CallEveryTenth(self, action: Annotated[OSAction, Tenth]) -> None:
        """Call the action at each tenth interrupt."""
        self.waiting.append(action)

    def add(self, count: int) -> None:
        """Count some more."""
        tens = self.count // 10
        self.count += count
        if self.count // 10 > tens:
            for action in self.waiting:
                self.Tenth(action, self.count)


class MyUserCounterDriver(IOService):
    """Drives the device, and tells who has come to read its nub."""

    def Start(self, provider: IOService) -> None:
        """Make the nub, then let interrupts happen."""
        super().Start(provider)
        self.counter = self.Create(self, "CounterProperties")
        queue = self.CopyDispatchQueue()
        self.interrupt = IOInterruptDispatchSource.Create(provider, INTERRUPT, queue)
        self.interrupt.SetHandler(self.CreateAction(self.InterruptOccurred))
        self.interrupt.SetEnable(True)
        readers = IOService.CreateUserClassMatchingDictionary("MyUserCounterReader")
        self.readers = IOServiceNotificationDispatchSource.Create(readers, 0, queue)
        self.readers.SetHandler(self.CreateAction(self.ReadersChanged))
        self.RegisterService()
        IOLog("Start: counting interrupts")

    def Stop(self, provider: IOService) -> None:
        """Let go of what calls back."""
        self.interrupt.Cancel()
        self.readers.Cancel()
        super().Stop(provider)

    @callback(IOInterruptDispatchSource.InterruptOccurred)
    def InterruptOccurred(self, action: OSAction, count: int, time: int) -> None:
        """Count on the nub."""
        assert isinstance(self.counter, MyUserCounter)
        self.counter.add(count)

    @callback(IOServiceNotificationDispatchSource.ServiceNotificationReady)
    def ReadersChanged(self, action: OSAction) -> None:
        """A reader has come or gone."""
        self.readers.DeliverNotifications(self.tell)

    def tell(self, kind: int, service: IOService, options: int) -> None:
        """Say which."""
        came = kind == kIOServiceNotificationTypeMatched
        IOLog(f"{service.GetName()} has {'come' if came else 'gone'}")


class MyUserCounterReader(IOService):
    """Another driver, which knows of the nub what `remote` declares."""

    def Start(self, provider: IOService) -> None:
        """Ask now, and have a timer ask again."""
        super().Start(provider)
        assert isinstance(provider, MyUserCounter)
        self.counter = provider
        provider.CallEveryTenth(self.CreateAction(self.Counted))
        self.timer = IOTimerDispatchSource.Create(self.CopyDispatchQueue())
        self.timer.SetHandler(self.CreateAction(self.TimerOccurred))
        self.RegisterService()
        self.ask()

    def Stop(self, provider: IOService) -> None:
        """Ask no more."""
        self.timer.Cancel()
        super().Stop(provider)

    def ask(self) -> None:
        """Read the count; again in a second."""
        IOLog(f"count {self.counter.GetCount()}")
        self.timer.WakeAtTime(kIOTimerClockUptimeRaw, mach_absolute_time() + SECOND)

    @callback(IOTimerDispatchSource.TimerOccurred)
    def TimerOccurred(self, action: OSAction, time: int) -> None:
        """A second is over."""
        self.ask()

    @callback(MyUserCounter.Tenth)
    def Counted(self, action: OSAction, count: int) -> None:
        """The nub has counted ten more."""
        IOLog(f"ten more: {count}")
