"""What a desktop has on its bus: logind's answers and a polkit agent. A process of its own.

Reads one JSON object a line and answers each with what users were asked since the last one, and
whether questions were taken back. ``{"sessions": {UID: {…}}}`` is what logind says from then on,
``{"sleep": true}`` announces sleep and answers whether a lock delays it once that is over,
``{"grants": false}`` denies locks from then on,
``{"agent": "yes", "pid": …, "started": …}`` an agent for a process that answers so (yes, no,
closed, or held until there is a line ``{"release": true}``).
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

LOGIND = "org.freedesktop.login1"
LOGIND_PATH = "/org/freedesktop/login1"
POLKIT = "org.freedesktop.PolicyKit1"
AUTHORITY = "/org/freedesktop/PolicyKit1/Authority"


class Desktop:
    """Answers the bus's calls."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._sessions: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, str] = {}  # by the agent's path
        self._released = asyncio.Event()
        self._asked: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._grants = True
        self._locks: list[int] = []  # our ends of the inhibitor locks that are held
        bus.add_message_handler(self._handle)

    async def order(self, order: dict[str, Any]) -> object:
        """Do what the test says."""
        self._sessions = order.get("sessions", self._sessions)
        self._grants = order.get("grants", self._grants)
        if "agent" in order:
            agent = f"/agent/{order['pid']}"
            if agent not in self._answers:
                await self._register(order["pid"], order["started"])
            self._answers[agent] = order["agent"]
        if "sleep" in order:
            return await self._prepare_for_sleep(order["sleep"])
        if "locks" in order:
            return self._held()
        if "release" in order:
            self._released.set()
        asked, self._asked = self._asked, []
        return asked

    async def _register(self, pid: int, started: int) -> None:
        subject = ["unix-process", {"pid": Variant("u", pid), "start-time": Variant("t", started)}]
        path = f"/agent/{pid}"
        await self._authority("RegisterAuthenticationAgent", "(sa{sv})ss", subject, "C", path)

    async def _authority(self, member: str, signature: str, *body: object) -> None:
        reply = await self._bus.call(
            Message(
                POLKIT, AUTHORITY, f"{POLKIT}.Authority", member, signature=signature, body=[*body]
            )
        )
        assert reply is not None
        assert reply.message_type is not MessageType.ERROR, reply.body

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        match message.member:
            case "GetSessionByPID" | "GetUser":
                return self._where(message)
            case "Get":
                return Message.new_method_return(message, "v", [self._property(message)])
            case "Inhibit" | "BeginAuthentication" as asked:
                answer = self._inhibit if asked == "Inhibit" else self._authenticate
                task = asyncio.get_running_loop().create_task(answer(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                return True
            case "CancelAuthentication":
                self._asked.append("taken back")
                return Message.new_method_return(message)
        return None

    async def _inhibit(self, message: Message) -> None:
        if not self._grants:
            error = "org.freedesktop.DBus.Error.AccessDenied"
            await self._bus.send(Message.new_error(message, error, "Permission denied"))
            return
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        self._locks.append(ours)
        await self._bus.send(Message.new_method_return(message, "h", [0], unix_fds=[theirs]))
        os.close(theirs)

    async def _prepare_for_sleep(self, asleep: bool) -> bool:
        """Announce it; before sleep, wait a moment until no lock delays it. Whether none does."""
        body = [asleep]
        interface = f"{LOGIND}.Manager"
        await self._bus.send(
            Message.new_signal(LOGIND_PATH, interface, "PrepareForSleep", "b", body)
        )
        for _ in range(200 if asleep else 0):
            if not self._held():
                return True
            await asyncio.sleep(0.05)
        return not asleep

    def _held(self) -> int:
        """How many locks are held."""
        for lock in tuple(self._locks):
            with contextlib.suppress(BlockingIOError):
                os.read(lock, 1)
                os.close(lock)
                self._locks.remove(lock)
        return len(self._locks)

    def _where(self, message: Message) -> Message:
        """Of a process the session, of a user the object that knows their session."""
        (number,) = message.body
        by_process = message.member == "GetSessionByPID"
        uid = Path(f"/proc/{number}").stat().st_uid if by_process else number
        session = self._sessions.get(str(uid))
        if session is None or (by_process and session.get("by_user")):
            error = "NoSessionForPID" if by_process else "NoSuchUser"
            return Message.new_error(message, f"{LOGIND}.{error}", "no session")
        return Message.new_method_return(message, "o", [f"/session/{uid}"])

    def _property(self, message: Message) -> Variant:
        assert message.path is not None
        uid, name = message.path.rpartition("/")[2], message.body[1]
        session = self._sessions[uid]
        match name:
            case "Display":
                return Variant("(so)", [uid, message.path])
            case "User":
                return Variant("(uo)", [int(uid), message.path])
            case "Id":
                return Variant("s", uid)
        return Variant("b", session.get(name, name == "Active"))

    async def _authenticate(self, message: Message) -> None:
        action, text, _, _, cookie, identities = message.body
        self._asked.append(f"{action}: {text}")
        assert message.path is not None
        how = self._answers[message.path]
        if how == "held":
            await self._released.wait()
        if how in ("yes", "held"):
            await self._authority(
                "AuthenticationAgentResponse2", "us(sa{sv})", 0, cookie, identities[0]
            )
        if how == "closed":
            name = f"{POLKIT}.Error.Cancelled"
            await self._bus.send(Message.new_error(message, name, "closed"))
        else:
            await self._bus.send(Message.new_method_return(message))


async def main() -> None:
    """Serve until the end of standard input."""
    bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
    desktop = Desktop(bus)
    await bus.request_name(LOGIND)
    _say(None)
    lines = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await lines.readline():
        _say(await desktop.order(json.loads(line)))
    bus.disconnect()


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
