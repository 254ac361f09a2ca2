"""The brokers of one runtime: one for each device that a driver has, and what becomes of them.

A broker comes with the first driver of its device and stays while a driver wants any of the
device's interfaces, across restarts. One that ends though nobody dismissed it is replaced when
its drivers start again, with the growing delays of the restart policy.
Runs in the event loop.
Invariant: a device has at most one broker that is not giving it back.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from runtime.linux import memfd, sockets
from runtime.model.broker_lifecycle import BrokerState
from runtime.model.identity import EntryId
from runtime.model.processes import Process, Role
from runtime.model.words import exit_words
from runtime.supervisor import policy as restart
from runtime.supervisor.broker import BrokerProcess
from runtime.supervisor.openings import Openings
from runtime.supervisor.pace import Pace
from runtime.supervisor.ports import ProviderSession, SessionEnd
from runtime.supervisor.publishing import publishing
from runtime.supervisor.spare import Spare
from runtime.supervisor.zygote import Zygote
from runtime.wire import broker as wire
from runtime.wire import zygote

FIRST_UID = 65280  # behind the drivers' range, within what nobody else hands out
UIDS = 240
UNPLUG_SECONDS = 2.0  # for the broker of an unplugged device to end all I/O


class Place(msgspec.Struct, frozen=True):
    """A provider as a broker reaches it: the device's entry, its name, and an interface of it.

    `nodes` are the paths of a real device's nodes, the one that is served first; `recording` is
    what a recorded one is.
    `direct`: its driver may move its data itself, as nobody else has a part of the device.
    """

    device: EntryId
    name: str
    interface: int
    serve: wire.Serve | wire.ServeRecorded | wire.ServeUsb | wire.ServeHid | wire.ServeUio
    nodes: tuple[str, ...] = ()
    direct: bool = False
    recording: memfd.Shared | None = None


_ROLES = {
    wire.Serve: zygote.Role.BROKER,
    wire.ServeRecorded: zygote.Role.BROKER,
    wire.ServeUsb: zygote.Role.USB_BROKER,
    wire.ServeHid: zygote.Role.HID_BROKER,
    wire.ServeUio: zygote.Role.UIO_BROKER,
}


class BrokerSurroundings(Protocol):
    """What a broker's life shows to the rest of the runtime. Called in the loop."""

    def broker_changed(self, device: EntryId, broker: BrokerProcess) -> None:
        """Its state or its pid has changed."""

    def broker_lost(self, device: EntryId, why: str) -> None:
        """It ended though nobody dismissed it."""

    def held(self, interfaces: frozenset[tuple[str, int]]) -> None:
        """These interfaces of these nodes are wanted now; told before a broker is."""


class Brokers:
    """Opens sessions of driver processes at devices."""

    def __init__(
        self,
        zygote_: Zygote,
        policy: restart.RestartPolicy,
        around: BrokerSurroundings,
        pace: Pace,
    ) -> None:
        self._spare = Spare(zygote_, pace)
        self._policy = policy
        self._around = around
        self._numbers = itertools.count(1)
        self._uids = itertools.count()
        self._devices: dict[EntryId, _Device] = {}
        self._openings = Openings(self._spare)

    def open_session(
        self, place: Place, denials: wire.Denials, publisher: str, end: SessionEnd
    ) -> ProviderSession:
        """Let one driver process at a provider; its broker is made where there is none.

        `denials` says what it may not beyond what its provider offers, `publisher` whose what it
        publishes is.

        Raises:
            OSError: No descriptor is left.
        """
        if place.device not in self._devices:
            self._devices = {key: each for key, each in self._devices.items() if not each.idle}
            self._devices[place.device] = _Device(place, self._around)
        device = self._devices[place.device]
        broker = device.broker or self._make(device, place)
        device.wanted.add(place.interface)
        self._tell_held()
        session = _Session(device, next(self._numbers), end)
        with contextlib.ExitStack() as theirs:
            beside = [theirs.enter_context(session.theirs).fileno()]
            if place.direct:
                opening = self._openings.begin(place.nodes[0])
                beside.append(theirs.enter_context(opening).fileno())
            denied, uhid = theirs.enter_context(publishing(denials, real=bool(place.nodes)))
            attach = wire.Attach(
                session.number, place.interface, denied, publisher, place.direct, bool(uhid)
            )
            broker.tell(attach, *beside, *uhid)
        device.sessions[session.number] = session
        return session

    def restore(self, place: Place) -> None:
        """Give an interface back that an earlier runtime had, unless a driver wants it now."""
        device = self._devices.setdefault(place.device, _Device(place, self._around))
        if place.interface not in device.wanted:
            device.wanted.add(place.interface)
            self.give_back(place)

    def give_back(self, place: Place) -> None:
        """No driver wants this interface any more; idempotent."""
        device = self._devices.get(place.device)
        if device is None or place.interface not in device.wanted:
            return
        device.wanted.discard(place.interface)
        # One that was lost could not give it back: another one is made just for that.
        broker = device.broker or self._make(device, place)
        broker.tell(wire.GiveBack(place.interface))
        if not device.wanted:
            broker.dismiss()
        self._tell_held()

    def processes(self) -> Iterator[Process]:
        """Every broker that has a process, and what waits to be one; what they use is not read.

        Devices may come and go between two of them.
        """
        for device in tuple(self._devices.values()):
            for broker in (device.broker, *device.leaving):
                if broker is not None and broker.pid and broker.state is not BrokerState.GONE:
                    yield Process(Role.BROKER, broker.name, broker.pid)
        if pid := self._spare.pid:
            yield Process(Role.SPARE, "spare broker", pid)

    async def unplug(self, device_id: EntryId) -> None:
        """A device is gone: have its broker end all I/O, and wait for that."""
        device = self._devices.get(device_id)
        if device is None or device.broker is None:
            return
        device.unplugged.clear()
        device.broker.tell(wire.Unplug())
        try:
            await asyncio.wait_for(device.unplugged.wait(), UNPLUG_SECONDS)
        except TimeoutError:
            device.broker.kill("expected it to end all I/O of an unplugged device in time")

    async def close(self) -> None:
        """Dismiss all and wait until they are gone."""
        for device in self._devices.values():
            if device.broker is not None:
                device.broker.dismiss()
        for device in tuple(self._devices.values()):
            await device.wait_over()
        await self._openings.close()
        await self._spare.close()
        self._around.held(frozenset())

    def _tell_held(self) -> None:
        real = [device for device in self._devices.values() if device.nodes]
        self._around.held(frozenset((each.nodes[0], one) for each in real for one in each.wanted))

    def _make(self, device: "_Device", place: Place) -> BrokerProcess:
        broker = BrokerProcess(
            f"broker of {place.name}", _ROLES[type(place.serve)], place.nodes, device
        )
        uid = FIRST_UID + next(self._uids) % UIDS
        device.take(broker)
        broker.create(self._spare, uid, device.leaving, device.delay_s(self._policy))
        recording = () if place.recording is None else (place.recording.fileno(),)
        broker.tell(place.serve, *recording)
        return broker


class _Session:
    """One driver process at a device. `theirs` is the broker's end of its provider socket."""

    def __init__(self, device: "_Device", number: int, end: SessionEnd) -> None:
        self.number = number
        self.end = end
        self._device = device
        self._drivers, self.theirs = sockets.seqpacket_pair()

    def send_with(self, send: Callable[[int], None]) -> None:
        """See `ProviderSession.send_with`."""
        with self._drivers:
            send(self._drivers.fileno())

    def close(self) -> None:
        """See `ProviderSession.close`."""
        self._drivers.close()
        if self._device.sessions.pop(self.number, None) and self._device.broker is not None:
            self._device.broker.tell(wire.Release(self.number))


class _Device:
    """A device that drivers want, and whatever broker holds it now."""

    def __init__(self, place: Place, around: BrokerSurroundings) -> None:
        self.broker: BrokerProcess | None = None
        self.sessions: dict[int, _Session] = {}
        self.wanted: set[int] = set()
        self.unplugged = asyncio.Event()
        self._id = place.device
        self.nodes = place.nodes
        self._around = around
        self.leaving: tuple[BrokerProcess, ...] = ()
        self._losses_ns: tuple[int, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nobody wants it and nothing is left of it."""
        return not (self.wanted or self.leaving or self.broker)

    def take(self, broker: BrokerProcess) -> None:
        """A broker was made for it."""
        self.broker = broker
        self._around.broker_changed(self._id, broker)

    def delay_s(self, policy: restart.RestartPolicy) -> float:
        """How long the next broker has to wait, in seconds, by how often one was lost."""
        now = time.monotonic_ns()
        self._losses_ns = restart.recent(policy, self._losses_ns, now)
        decision = restart.decide(policy, self._losses_ns, now)
        delay_ms = decision.delay_ms if isinstance(decision, restart.Again) else policy.cap_ms
        return delay_ms / 1000

    async def wait_over(self) -> None:
        """Wait until no broker is left."""
        for broker in (self.broker, *self.leaving):
            if broker is not None:
                await broker.wait_over()

    # --- broker.Listener -------------------------------------------------------------------

    def broker_changed(self, broker: BrokerProcess) -> None:
        """Keep what is known of it, and tell the sessions of a lost one."""
        self._around.broker_changed(self._id, broker)
        if broker.state is BrokerState.GIVING_BACK:
            self.leaving += (broker,)
            self.broker = None
        elif broker.state is BrokerState.GONE and broker in self.leaving:
            self.leaving = tuple(each for each in self.leaving if each is not broker)
        elif broker.state is BrokerState.GONE:
            self._lost(broker)

    def broker_said(self, broker: BrokerProcess, message: wire.FromBroker) -> None:
        """Carry out what a broker says."""
        del broker
        match message:
            case wire.Unplugged():
                self.unplugged.set()
            case wire.Breached(session=number, text=text):
                session = self.sessions.pop(number, None)
                if session is not None:
                    session.end.breached(text)

    def _lost(self, broker: BrokerProcess) -> None:
        assert broker.exit is not None
        self.broker = None
        self.unplugged.set()
        self._losses_ns = (*self._losses_ns, time.monotonic_ns())
        why = f"{broker.name}: {exit_words(broker.exit)}"
        self._around.broker_lost(self._id, why)
        sessions = tuple(self.sessions.values())
        self.sessions.clear()
        for session in sessions:
            session.end.provider_lost(why)
