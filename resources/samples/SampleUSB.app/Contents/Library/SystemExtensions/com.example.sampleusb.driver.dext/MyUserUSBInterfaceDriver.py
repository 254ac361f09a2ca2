"""A first USB driver: read an interrupt endpoint for as long as the device is there.

The system made this process because a device appeared whose interface matches the personality
in `Info.plist`. It calls `init`, then `Start`; each read that ends calls `ReadComplete`; on
unplug it calls `Stop` and `free`. Nothing here runs at the same time as anything else: all
five are called on the service's Default queue, one after the other.

Programs may open it too: `MyUserUSBInterfaceClient` is what they talk to.

Break it and see: the process ends, nothing else does, and the system starts it again.
"""

from runtime.driverkit import (
    IOBufferMemoryDescriptor,
    IOLog,
    IOReturnError,
    IOService,
    IOUSBHostInterface,
    IOUSBHostPipe,
    IOUserClient,
    IOUserClientMethodArguments,
    IOUserClientMethodDispatch,
    OSAction,
    StringFromReturn,
    callback,
    kIOReturnAborted,
    kIOReturnBadArgument,
    kIOReturnSuccess,
    kIOUserClientVariableStructureSize,
)

ENDPOINT = 0x81  # interrupt endpoint 1, IN
LENGTH = 8  # bytes to ask for in one transfer


class MyUserUSBInterfaceDriver_IVars:  # noqa: N801 - DriverKit's name for this structure
    """Everything the driver keeps, in one place, as DriverKit has it: allocated in `init`."""

    interface: IOUSBHostInterface
    pipe: IOUSBHostPipe
    buffer: IOBufferMemoryDescriptor
    readComplete: OSAction  # noqa: N815 - DriverKit's style
    reads: int
    last: bytes


class MyUserUSBInterfaceDriver(IOService):
    """Drives the sample device's only interface."""

    ivars: MyUserUSBInterfaceDriver_IVars

    def init(self) -> bool:
        """Allocate the ivars; there is no device yet."""
        if not super().init():
            return False
        self.ivars = MyUserUSBInterfaceDriver_IVars()
        self.ivars.reads, self.ivars.last = 0, b""
        IOLog("init")
        return True

    def Start(self, provider: IOService) -> None:
        """Open the interface and begin to read. An IOReturnError refuses the device."""
        super().Start(provider)

        # The provider is what the personality matched. Make sure of it all the same.
        if not isinstance(provider, IOUSBHostInterface):
            raise IOReturnError(kIOReturnBadArgument, "the provider is no IOUSBHostInterface")

        # Each call crosses to the device's broker, which checks it; an error is an exception here.
        provider.Open(self)
        self.ivars.interface = provider
        self.ivars.pipe = provider.CopyPipe(ENDPOINT)
        self.ivars.buffer = IOBufferMemoryDescriptor.Create(LENGTH)

        # An action is a callback as a value: DriverKit's CreateActionReadComplete.
        self.ivars.readComplete = self.CreateAction(self.ReadComplete)

        self._read()
        self.RegisterService()  # from here on others may match this service
        IOLog(f"Start: driving {provider.GetName()}")

    # The decorator says which callback this is. Its parameters are checked when the class is
    # made, by your editor even before that, and again at every call.
    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(
        self, action: OSAction, status: int, actualByteCount: int, completionTimestamp: int
    ) -> None:
        """One read has ended: say so, and queue the next."""
        if status == kIOReturnAborted:
            return  # the device is going, or we are; Stop comes next
        if status != kIOReturnSuccess:
            IOLog(f"ReadComplete: {StringFromReturn(status)}, no further reads")
            return
        data = self.ivars.buffer.GetAddressRange()[:actualByteCount]
        self.ivars.reads, self.ivars.last = self.ivars.reads + 1, bytes(data)
        IOLog(f"ReadComplete: {actualByteCount} bytes, status {status:#x}, {data.hex(' ')}")
        self._read()

    def Stop(self, provider: IOService) -> None:
        """The device is going, or the extension is: nothing further will be read."""
        IOLog("Stop")
        super().Stop(provider)

    def free(self) -> None:
        """The last call: let go of everything."""
        IOLog("free")
        del self.ivars
        super().free()

    def NewUserClient(self, type: int) -> IOUserClient:  # noqa: A002 - DriverKit's name
        """A program opens the driver: make what `UserClientProperties` in Info.plist describes."""
        client = self.Create(self, "UserClientProperties")
        if not isinstance(client, IOUserClient):
            raise IOReturnError(kIOReturnBadArgument, "UserClientProperties names no user client")
        return client

    def _read(self) -> None:
        """Queue one read; its end calls ReadComplete."""
        self.ivars.pipe.AsyncIO(self.ivars.buffer, LENGTH, self.ivars.readComplete)


class MyUserUSBInterfaceClient(IOUserClient):
    """One program at the driver. Its calls run on the Default queue, too."""

    def ExternalMethod(
        self,
        selector: int,
        arguments: IOUserClientMethodArguments,
        dispatch: IOUserClientMethodDispatch | None = None,
        target: object = None,
        reference: object = None,
    ) -> None:
        """Find the method; the base class checks the arguments against it, and calls it."""
        dispatch = METHODS.get(selector)
        super().ExternalMethod(selector, arguments, dispatch, target or self, reference)

    def ReadLast(self, reference: object, arguments: IOUserClientMethodArguments) -> None:
        """How many reads there were, and what the last one brought."""
        driver = self.GetProvider()
        if isinstance(driver, MyUserUSBInterfaceDriver):
            arguments.scalarOutput = [driver.ivars.reads]
            arguments.structureOutput = driver.ivars.last


METHODS = {
    0: IOUserClientMethodDispatch(
        MyUserUSBInterfaceClient.ReadLast,
        checkScalarOutputCount=1,
        checkStructureOutputSize=kIOUserClientVariableStructureSize,
    ),
}
