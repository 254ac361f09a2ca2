"""A service's start, played through in a process that nobody waits for yet.

A fresh child of the zygote shares its memory, and copies each page when it first writes there, if
only a reference count. What a service's start will write it copies here, so that it need not when
somebody waits for a device: in a driver process with services of its own, and what they are given.
Invariant: nothing of it is left, neither a descriptor nor a service.
"""

import contextlib
import gc
import os
from typing import NoReturn

from runtime.driverkit.action import OSAction, callback
from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.usb import IOUSBHostInterface
from runtime.driverkit.usb_pipe import IOUSBHostPipe
from runtime.host.connection import Connection
from runtime.host.instance import Instance
from runtime.host.lines import Incoming, ProviderLost
from runtime.host.queues import DefaultQueue
from runtime.linux.sockets import send_packet, seqpacket_pair
from runtime.model import properties
from runtime.wire import codec, driver, limits, methods

_SERVICE, _PROVIDER, _PIPE = 1, 2, 3  # numbers that the runtime and a broker would give out
_ENDPOINT, _LENGTH = 0x81, 8
_NO_PROPERTIES = properties.encode({})
_NOTHING = codec.raw(None)

_ATTACH = driver.Attach(
    *(_SERVICE, _PROVIDER, "IOUSBHostInterface", "", _NO_PROPERTIES, _NO_PROPERTIES, "Rehearsed")
)
_CALLS = driver.Call(1, _SERVICE, methods.Start()), driver.Call(2, _SERVICE, methods.Stop())
_OF_PROVIDER = (_NOTHING, codec.raw(_PIPE))
"""What `Rehearsed.Start` is answered by its provider, before the runtime answers it."""


class Rehearsed(IOService):
    """Begins as a driver does that reads an endpoint."""

    def Start(self, provider: IOService) -> None:  # noqa: N802 - DriverKit's name
        """See `IOService.Start`."""
        super().Start(provider)
        if not isinstance(provider, IOUSBHostInterface):
            raise IOReturnError(kIOReturnBadArgument, "the provider is no IOUSBHostInterface")
        provider.Open(self)
        pipe = provider.CopyPipe(_ENDPOINT)
        buffer = IOBufferMemoryDescriptor.Create(_LENGTH)
        pipe.AsyncIO(buffer, _LENGTH, self.CreateAction(self.ReadComplete))
        self.RegisterService()

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(  # noqa: N802 - DriverKit's style
        self,
        action: OSAction,
        status: int,
        actualByteCount: int,  # noqa: N803 - DriverKit's name
        completionTimestamp: int,  # noqa: N803 - DriverKit's name
    ) -> None:
        """See `IOUSBHostPipe.CompleteAsyncIO`; nothing is ever read."""


def rehearse() -> None:
    """Play a start and a stop; on the main thread of a process that the SDK is attached to.

    Raises:
        OSError: No descriptor is left.
    """
    with contextlib.ExitStack() as stack:
        control, runtime = map(stack.enter_context, seqpacket_pair())
        provider, broker = map(stack.enter_context, seqpacket_pair())
        connection = Connection(control, os._exit)
        stack.callback(connection.end)
        queue = DefaultQueue(connection, connection.inbox)
        send_packet(runtime, codec.encode(driver.Hello(limits.DRIVER_VERSION)))
        send_packet(runtime, codec.encode(_ATTACH), [provider.fileno()])
        for call in _CALLS:
            send_packet(runtime, codec.encode(call))
        services: list[Instance] = []

        def gone(_published: bool) -> None:
            connection.close(_SERVICE)

        def handle(packet: Incoming) -> None:
            match packet:
                case driver.Attach():
                    made = Instance(packet, Rehearsed, connection, queue, gone, die=_raise)
                    services.append(made)
                case driver.Call(method=methods.Start()):
                    for number, result in enumerate(_OF_PROVIDER, start=1):
                        send_packet(broker, codec.encode(driver.Reply(number, result)))
                    last = driver.Reply(len(_OF_PROVIDER) + 1, _NOTHING)
                    send_packet(runtime, codec.encode(last))
                    services[0].handle(packet)
                case driver.Call():
                    services[0].handle(packet)
                case ProviderLost():
                    queue.end()

        queue.serve(handle, _raise)
    services.clear()
    gc.collect(1)  # the service and its memory: what is young, not the zygote's


def _raise(error: BaseException) -> NoReturn:
    raise error
