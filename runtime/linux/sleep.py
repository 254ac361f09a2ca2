"""The machine's sleep, as logind announces it, and the lock by which we get ready for it first.

Runs in the event loop, on a connection of its own to the system's bus.
Source: org.freedesktop.login1(5), Inhibit and PrepareForSleep; systemd's "Inhibitor Locks".
Invariant: from the first announcement on, every sleep has its wake; the lock, where logind grants
one, is held while awake.
"""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

from runtime.linux.logind import MANAGER, SERVICE
from runtime.model.errors import UnavailableError

AGAIN_SECONDS = 30.0  # until a bus, or a logind, that was not there is looked for again
_BUS, _BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
_SIGNAL = "PrepareForSleep"


class SleepWatch:
    """Tells of sleep and of waking.

    Args:
        sleep: Awaited before the machine sleeps, which waits for it as long as logind allows.
        wake: Awaited when it has woken.
        note: For a sentence when there is no logind, or it grants no lock; each is said once.
    """

    def __init__(
        self,
        sleep: Callable[[], Awaitable[None]],
        wake: Callable[[], Awaitable[None]],
        note: Callable[[str], None],
    ) -> None:
        self._sleep = sleep
        self._wake = wake
        self._note = note
        self._lock = -1
        self._asleep = False
        self._noted: set[str] = set()
        self._heard: asyncio.Queue[tuple[MessageBus, Message]] = asyncio.Queue()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._tasks = (loop.create_task(self._listen()), loop.create_task(self._follow()))

    async def close(self) -> None:
        """Stop listening and let go of the lock; idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = ()
        self._unlock()

    async def _listen(self) -> None:
        while True:
            bus = MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True)
            try:
                await bus.connect()
                bus.add_message_handler(functools.partial(self._hear, bus))
                rule = f"type='signal',sender='{SERVICE}',member='{_SIGNAL}'"
                await _call(bus, _BUS, _BUS_PATH, f"{_BUS}.AddMatch", "s", rule)
                await self._take(bus)
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
            except (OSError, EOFError, DBusError, ValueError, UnavailableError) as error:
                self._note_once("drivers are not told when the machine sleeps", error)
            finally:
                self._unlock()
                bus.disconnect()
            await asyncio.sleep(AGAIN_SECONDS)

    def _hear(self, bus: MessageBus, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == _SIGNAL:
            self._heard.put_nowait((bus, message))

    async def _follow(self) -> None:
        while True:
            bus, message = await self._heard.get()
            try:
                await self._change(bus, message)
            except (OSError, EOFError, DBusError, UnavailableError):
                continue  # the bus is gone, as `_listen` sees, or logind is

    async def _change(self, bus: MessageBus, message: Message) -> None:
        """Follow one signal, if logind sent it: anybody may send one to us alone."""
        asleep = message.body == [True]
        if message.sender != await _logind(bus) or asleep is self._asleep:
            return
        self._asleep = asleep
        if asleep:
            await self._sleep()
            self._unlock()
        else:
            await self._wake()
            await self._take(bus)

    async def _take(self, bus: MessageBus) -> None:
        """Have logind wait for us; who is denied that is told of sleep all the same."""
        who = ("sleep", "IORegistry Inspector", "Driver extensions get ready", "delay")
        try:
            reply = await _call(bus, SERVICE, MANAGER, f"{SERVICE}.Manager.Inhibit", "ssss", *who)
        except UnavailableError as error:
            await _logind(bus)
            self._note_once("the machine does not wait for drivers before it sleeps", error)
            return
        self._unlock()
        self._lock = reply.unix_fds[reply.body[0]]

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _note_once(self, what: str, why: Exception) -> None:
        if what not in self._noted:
            self._noted.add(what)
            self._note(f"{what}: {why}")


async def _logind(bus: MessageBus) -> str:
    """The bus's name of logind; UnavailableError when there is none."""
    owner = await _call(bus, _BUS, _BUS_PATH, f"{_BUS}.GetNameOwner", "s", SERVICE)
    return str(owner.body[0])


async def _call(
    bus: MessageBus, service: str, path: str, method: str, signature: str, *body: object
) -> Message:
    """Call a method; UnavailableError when it fails."""
    interface, _, member = method.rpartition(".")
    reply = await bus.call(
        Message(service, path, interface, member, signature=signature, body=[*body])
    )
    assert reply is not None, "a reply was asked for"
    if reply.message_type is MessageType.ERROR:
        found = reply.body[0] if reply.body else reply.error_name
        raise UnavailableError(f"{service}: expected it to answer {member}, found: {found}")
    return reply
