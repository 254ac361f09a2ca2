"""A D-Bus, the system's or the desktop's, connected when it is first needed and after a loss.

Runs in the event loop. `DBUS_SYSTEM_BUS_ADDRESS` and `DBUS_SESSION_BUS_ADDRESS` name another bus,
as for every program.
Source: D-Bus Specification, "Message Bus Names", "Error messages".
Invariant: a call has an answer, an error or a limit in time.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

from runtime.model.errors import UnavailableError

ANSWER_SECONDS = 5.0
CONNECT_SECONDS = 5.0


class BusError(Exception):
    """A service answered with an error; `name` is D-Bus's for it."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class Bus:
    """One connection to a bus; `kind` says which."""

    def __init__(self, kind: BusType = BusType.SYSTEM) -> None:
        self._kind = kind
        self._bus: MessageBus | None = None
        self._connecting = asyncio.Lock()

    async def call(
        self,
        service: str,
        path: str,
        method: str,
        signature: str = "",
        body: Sequence[object] = (),
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> list[Any]:
        """Call ``INTERFACE.Method`` of a service; returns the answer's values.

        Raises:
            BusError: The service refused.
            UnavailableError: There is no bus, or no answer came in time.
        """
        interface, _, member = method.rpartition(".")
        message = Message(
            destination=service,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        bus = await self._connected()
        try:
            async with asyncio.timeout(seconds):
                reply = await bus.call(message)
        except TimeoutError:
            raise UnavailableError(
                f"{service}: expected an answer to {member} within {seconds:g} s, found none"
            ) from None
        except (EOFError, OSError, DBusError) as error:
            raise UnavailableError(f"D-Bus: expected it to stay, found: {error}") from None
        if reply is None:
            raise UnavailableError(f"{service}: expected an answer to {member}, found none")
        if reply.message_type is MessageType.ERROR:
            text = str(reply.body[0]) if reply.body else ""
            raise BusError(reply.error_name or "", text)
        return list(reply.body)

    async def property(self, service: str, path: str, name: str) -> Any:  # noqa: ANN401 - a variant's
        """The value of a property, ``INTERFACE.Property``, out of its variant.

        Raises:
            BusError, UnavailableError: As `call`.
        """
        interface, _, member = name.rpartition(".")
        (found,) = await self.call(
            service, path, "org.freedesktop.DBus.Properties.Get", "ss", [interface, member]
        )
        return found.value

    async def listen(self, rule: str, heard: Callable[[Message], None]) -> None:
        """Have the signals of a match rule handed over until this connection ends.

        Raises:
            BusError, UnavailableError: As `call`.
        """

        def hand_over(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL:
                heard(message)

        (await self._connected()).add_message_handler(hand_over)
        daemon = "org.freedesktop.DBus"
        await self.call(daemon, "/org/freedesktop/DBus", f"{daemon}.AddMatch", "s", [rule])

    def close(self) -> None:
        """Disconnect; idempotent."""
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def _connected(self) -> MessageBus:
        async with self._connecting:
            if self._bus is not None and self._bus.connected:
                return self._bus
            self._bus = None
            bus = MessageBus(bus_type=self._kind)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await bus.connect()
            except (OSError, DBusError, EOFError, TimeoutError, ValueError) as error:
                bus.disconnect()
                raise UnavailableError(
                    f"D-Bus: expected the {self._kind.name.lower()} bus, "
                    f"found: {str(error) or 'no answer'}"
                ) from None
            self._bus = bus
            return bus
