"""One device and the driver processes at it: what the runtime tells a broker, carried out.

Runs in the broker's event loop. The device is given back whenever the runtime says so, and when
the runtime is gone.
Invariant: an interface that no driver has is not held.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence

from runtime.broker.link import DriverLink
from runtime.families.hid.device import HidrawDevice
from runtime.families.hid.interface import ServedHidDevice
from runtime.families.hid.published import PublishedDevice
from runtime.families.hid.publishing import PublishingSession
from runtime.families.interrupts.session import ServedInterrupts
from runtime.families.interrupts.uio import UioDevice
from runtime.families.provider import ProviderSession, ServedDevice
from runtime.families.recorded import recording
from runtime.families.recorded.device import RecordedDevice
from runtime.families.simulated import catalogue
from runtime.families.simulated.published import SimulatedPublishedDevice
from runtime.families.usb.device import UsbfsDevice
from runtime.families.usb.served import ServedUsbDevice
from runtime.linux import memfd, sockets
from runtime.model.errors import BreachError
from runtime.wire import broker as wire
from runtime.wire import codec, limits

_decode: codec.Decoder[wire.ToBroker] = codec.Decoder(
    wire.ToBroker, "packet of the runtime to a broker"
)


class Broker:
    """Serves the runtime's socket until it ends.

    Args:
        runtime: The runtime's socket; owned from now on.
        over: Called once, when everything has been given back.
        nodes: The device's open nodes, owned from now on; none of one that is not real.
    """

    def __init__(
        self, runtime: socket.socket, over: Callable[[], None], nodes: Sequence[int]
    ) -> None:
        runtime.setblocking(False)
        self._runtime = runtime
        self._over = over
        self._nodes = nodes
        self._device: ServedDevice | None = None
        self._served: set[int] = set()  # interfaces that drivers were let at, and not given back
        self._links: dict[int, DriverLink] = {}
        self._sessions: dict[int, ProviderSession] = {}
        self._loop = asyncio.get_running_loop()

    def start(self, applied: tuple[str, ...]) -> None:
        """Say what holds this process, and serve."""
        self._send(wire.Ready(applied))
        self._loop.add_reader(self._runtime, self._on_readable)

    def _on_readable(self) -> None:
        try:
            packet, descriptors = sockets.receive_packet(self._runtime, max_fds=3)
        except ConnectionResetError:
            packet, descriptors = b"", []
        if not packet:
            self._end()
            return
        self._take(_decode(packet), descriptors)

    def _take(self, message: wire.ToBroker, descriptors: list[int]) -> None:
        match message:
            case wire.Serve(model=model):
                self._device = catalogue.serve(model)
            case wire.ServeRecorded():
                (recorded,) = descriptors
                device = RecordedDevice(recording.decode(memfd.read_sealed(recorded)))
                os.close(recorded)
                self._device = ServedUsbDevice(device)
            case wire.ServeUsb():
                usbfs = UsbfsDevice(self._nodes[0], message)
                self._device = ServedUsbDevice(usbfs, usbfs, usbfs.sleeper)
            case wire.ServeHid():
                self._device = ServedHidDevice(HidrawDevice(self._nodes[0], self._nodes[1:]))
            case wire.ServeUio():
                self._device = ServedInterrupts(UioDevice(self._nodes[0]))
            case wire.Attach():
                self._attach(message, *descriptors)
            case wire.Release(session=session):
                self._release(session)
            case wire.GiveBack(interface=interface):
                self._served.discard(interface)
                self._held().give_back(interface)
            case wire.Unplug():
                for each in self._sessions.values():
                    each.unplug()
                self._send(wire.Unplugged())

    def _attach(self, attach: wire.Attach, provider: int, *beside: int) -> None:
        number, rest = attach.session, list(beside)
        opening = socket.socket(fileno=rest.pop(0)) if attach.direct else None
        uhid = rest.pop() if attach.publishes else -1
        self._served.add(attach.interface)
        link = DriverLink(socket.socket(fileno=provider), lambda text: self._ended(number, text))
        offered = self._held().session(attach.interface, link.complete, opening)
        published = (
            PublishedDevice(uhid, link.complete)
            if self._nodes
            else SimulatedPublishedDevice(link.complete)
        )
        session = PublishingSession(offered, attach.denials, attach.publisher, published)
        self._links[number], self._sessions[number] = link, session
        link.serve(session)

    def _release(self, number: int) -> None:
        link = self._links.pop(number, None)
        if link is not None:
            link.close()
            del self._sessions[number]

    def _ended(self, number: int, breach: str) -> None:
        self._release(number)
        if breach:
            self._send(wire.Breached(number, breach[: limits.TEXT]))

    def _end(self) -> None:
        self._loop.remove_reader(self._runtime)
        self._runtime.close()
        for number in tuple(self._links):
            self._release(number)
        if self._device is not None:
            for interface in self._served:
                self._device.give_back(interface)
            self._device.close()
        self._over()

    def _held(self) -> ServedDevice:
        if self._device is None:
            raise BreachError("broker: expected Serve first")
        return self._device

    def _send(self, message: wire.FromBroker) -> None:
        try:
            sockets.send_packet(self._runtime, codec.encode(message))
        except OSError:
            return  # the runtime is gone, or so far behind that it will not miss this
