"""`IOUserClient`: what a program that opened a driver's service talks to.

    class MeterClient(IOUserClient):
        def ExternalMethod(self, selector, arguments, dispatch=None, target=None, reference=None):
            if selector == 0:
                dispatch = IOUserClientMethodDispatch(MeterClient.Read, checkScalarOutputCount=1)
            super().ExternalMethod(selector, arguments, dispatch, target or self, reference)

        def Read(self, reference, arguments):
            arguments.scalarOutput = [self.GetProvider().count]

Source: DriverKit's IOUserClient.iig.
Invariant: a program is not trusted; a method with a dispatch is called only with what that says.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec

from runtime.driverkit.action import CallbackType, OSAction, callback
from runtime.driverkit.data_queue import IODataQueueDispatchSource
from runtime.driverkit.entry import Entry
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotAttached,
    kIOReturnUnsupported,
)
from runtime.driverkit.memory import IOMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.model.properties import Properties, Value

kIOUserClientQueueNameExternalMethod = "IOUserClientQueueExternalMethod"
"""Name of the queue that `ExternalMethod` runs on, for `SetDispatchQueue`; else the Default one."""
kIOUserClientVariableStructureSize = 0xFFFFFFFF
"""In a dispatch: any size or count."""
_ANY = kIOUserClientVariableStructureSize


class IOUserClientMethodArguments(msgspec.Struct):
    """One call: what came, and what goes back.

    Attributes:
        selector: Which method.
        completion: For `IOUserClient.AsyncCompletion`; None when the call is synchronous.
        scalarInput: At most 16 numbers of 64 bits.
        structureInput: At most 65,536 bytes.
        scalarOutputCount: How many numbers the program takes.
        structureOutputMaximumSize: How many bytes the program takes.
        scalarOutput: To be set by the method.
        structureOutput: To be set by the method.
    """

    selector: int
    completion: OSAction | None = None
    scalarInput: Sequence[int] = ()  # noqa: N815 - DriverKit's name
    structureInput: bytes = b""  # noqa: N815 - DriverKit's name
    scalarOutputCount: int = 0  # noqa: N815 - DriverKit's name
    structureOutputMaximumSize: int = 0  # noqa: N815 - DriverKit's name
    scalarOutput: Sequence[int] = ()  # noqa: N815 - DriverKit's name
    structureOutput: bytes = b""  # noqa: N815 - DriverKit's name


class IOUserClientMethodDispatch(NamedTuple):
    """A method and what a call of it has to have; other calls fail with kIOReturnBadArgument.

    Attributes:
        function: `(target, reference, arguments)`.
        checkCompletionExists: True: asynchronous; False: synchronous; None: either.
        checkScalarInputCount: Exactly this many, or `kIOUserClientVariableStructureSize`.
        checkStructureInputSize: Exactly this many bytes, or the same.
        checkScalarOutputCount: What the program takes, or the same.
        checkStructureOutputSize: What the program takes, or the same.
    """

    function: Callable[[Any, Any, IOUserClientMethodArguments], None]
    checkCompletionExists: bool | None = False  # noqa: N815 - DriverKit's name
    checkScalarInputCount: int = 0  # noqa: N815 - DriverKit's name
    checkStructureInputSize: int = 0  # noqa: N815 - DriverKit's name
    checkScalarOutputCount: int = 0  # noqa: N815 - DriverKit's name
    checkStructureOutputSize: int = 0  # noqa: N815 - DriverKit's name

    def check(self, arguments: IOUserClientMethodArguments) -> None:
        """Hold a call to it.

        Raises:
            IOReturnError: kIOReturnBadArgument, which names the first that is otherwise.
        """
        _, completion, scalars, structure, scalars_out, structure_out = self
        found = arguments.completion is not None
        if completion is not found and completion is not None:
            _refuse(arguments, "completion", completion, found)
        count = len(arguments.scalarInput)
        if scalars != count and scalars != _ANY:  # noqa: PLR1714 - quicker, in every call
            _refuse(arguments, "scalarInputCount", scalars, count)
        count = len(arguments.structureInput)
        if structure != count and structure != _ANY:  # noqa: PLR1714 - as above
            _refuse(arguments, "structureInputSize", structure, count)
        count = arguments.scalarOutputCount
        if scalars_out != count and scalars_out != _ANY:  # noqa: PLR1714 - as above
            _refuse(arguments, "scalarOutputCount", scalars_out, count)
        count = arguments.structureOutputMaximumSize
        if structure_out != count and structure_out != _ANY:  # noqa: PLR1714 - as above
            _refuse(arguments, "structureOutputSize", structure_out, count)


class Program(Protocol):
    """The program at the other end; the driver host provides it."""

    def complete(self, completion: int, status: int, values: tuple[int, ...]) -> None:
        """Tell it that an asynchronous call has ended; any thread."""

    def close(self) -> None:
        """Let go of it; any thread."""


class IOUserClient(IOService):
    """One program at a driver's service, from `NewUserClient` until the program closes it or ends.

    `Stop` and `free` follow then, as for every service.
    """

    CompleteAsyncCall: ClassVar[CallbackType[[int, tuple[int, ...]]]] = CallbackType(
        "IOUserClient::CompleteAsyncCall", status=int, asyncData=tuple
    )
    """`(action, status, asyncData)`; the type of `arguments.completion`."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self._program: Program | None = None
        self._entitlements: Properties = {}

    def serve(self, program: Program, entitlements: Properties) -> None:
        """Give it its program; called by the driver host."""
        self._program = program
        self._entitlements = entitlements

    def ExternalMethod(
        self,
        selector: int,
        arguments: IOUserClientMethodArguments,
        dispatch: IOUserClientMethodDispatch | None = None,
        target: object = None,
        reference: object = None,
    ) -> None:
        """A program's call; an override finds the dispatch and calls ``super()`` with it.

        Raises:
            IOReturnError: What the program gets. kIOReturnUnsupported without a dispatch,
                kIOReturnBadArgument when the arguments are not as that says.
        """
        if dispatch is None:
            raise IOReturnError(kIOReturnUnsupported, f"selector {selector}: no such method")
        dispatch.check(arguments)
        dispatch.function(target, reference, arguments)

    def AsyncCompletion(self, action: OSAction, status: int, asyncData: Sequence[int] = ()) -> None:
        """End an asynchronous call: its program gets `status` and at most 16 numbers. Any thread.

        A program that is gone is told nothing.
        """
        action.expect(IOUserClient.CompleteAsyncCall, "AsyncCompletion")
        self.CompleteAsync(action, status, tuple(asyncData))

    @callback(CompleteAsyncCall)
    def CompleteAsync(self, action: OSAction, status: int, asyncData: tuple[int, ...]) -> None:
        """What an `arguments.completion` calls; `AsyncCompletion` is the way to it."""
        reference = action.GetReference()
        if self._program is not None and isinstance(reference, int):
            self._program.complete(reference, status, asyncData)

    def CopyClientMemoryForType(
        self,
        type: int,  # noqa: A002 - DriverKit's name
    ) -> tuple[int, IOMemoryDescriptor | IODataQueueDispatchSource]:
        """What the program maps by this type: options (`kIOMemoryMapReadOnly`) and memory.

        Raises:
            IOReturnError: What the program gets; kIOReturnUnsupported unless overridden.
        """
        raise IOReturnError(kIOReturnUnsupported, f"memory of type {type}: there is none")

    def CreateMemoryDescriptorFromClient(
        self, memoryDescriptorCreateOptions: int, segments: Sequence[tuple[int, int]]
    ) -> IOMemoryDescriptor:
        """Memory of the program, by its addresses.

        Raises:
            IOReturnError: kIOReturnUnsupported: no process here reaches into another; a program
                maps what `CopyClientMemoryForType` shares.
        """
        del memoryDescriptorCreateOptions
        raise IOReturnError(kIOReturnUnsupported, f"{len(segments)} segments of a program: no way")

    def CopyClientEntitlements(self) -> Properties:
        """The program's entitlements, and ``IOUserClientCreator``: its process, as the kernel says.

        Raises:
            IOReturnError: kIOReturnNotAttached before `Start`.
        """
        if self._program is None:
            raise IOReturnError(kIOReturnNotAttached, "no program has it yet")
        return dict(self._entitlements)

    def SetProperties(self, values: Mapping[str, Value]) -> None:
        """A user client's entry shows what the system says of it, and nothing else.

        Raises:
            IOReturnError: kIOReturnUnsupported.
        """
        raise IOReturnError(kIOReturnUnsupported, f"properties of a user client: {sorted(values)}")

    def RegisterService(self) -> None:
        """Nobody matches on a user client.

        Raises:
            IOReturnError: kIOReturnUnsupported.
        """
        raise IOReturnError(kIOReturnUnsupported, "a user client is not registered")

    def Terminate(self, options: int = 0) -> None:
        """Let go of the program, as if it had closed; `Stop` and `free` follow."""
        del options
        if self._program is not None:
            self._program.close()


def _refuse(
    arguments: IOUserClientMethodArguments, what: str, wanted: object, found: object
) -> None:
    raise IOReturnError(
        kIOReturnBadArgument,
        f"selector {arguments.selector}: expected {what} {wanted}, found {found}",
    )
