"""Whether somebody sits at this machine: a process's session, as logind knows it.

A program that the user's service manager started is in no session of its own; it counts as in
the one that shows the user's screen, as polkit counts it.
Source: org.freedesktop.login1(5).
Invariant: what logind does not say is not assumed.
"""

import msgspec

from runtime.linux.bus import Bus, BusError
from runtime.linux.sockets import Peer

SERVICE = "org.freedesktop.login1"
MANAGER = "/org/freedesktop/login1"
_NO_SESSION = frozenset(
    {
        "org.freedesktop.login1.NoSessionForPID",
        "org.freedesktop.login1.NoSuchSession",
        "org.freedesktop.login1.NoSuchUser",  # who is not logged in at all
    }
)


class Session(msgspec.Struct, frozen=True):
    """One login of a user."""

    id: str
    uid: int
    active: bool
    remote: bool
    locked: bool


async def session_of(bus: Bus, peer: Peer) -> Session | None:
    """The session that a process belongs to; None where there is none.

    Raises:
        BusError, UnavailableError: logind does not answer.
    """
    try:
        path = await _path_of(bus, peer)
        return await _read(bus, path) if path else None
    except BusError as error:
        if error.name in _NO_SESSION:
            return None
        raise


async def _path_of(bus: Bus, peer: Peer) -> str:
    try:
        manager = f"{SERVICE}.Manager"
        (path,) = await bus.call(SERVICE, MANAGER, f"{manager}.GetSessionByPID", "u", [peer.pid])
    except BusError as error:
        if error.name not in _NO_SESSION:
            raise
        (user,) = await bus.call(SERVICE, MANAGER, f"{manager}.GetUser", "u", [peer.uid])
        session, path = await bus.property(SERVICE, user, f"{SERVICE}.User.Display")
        return str(path) if session else ""
    return str(path)


async def _read(bus: Bus, path: str) -> Session:
    name = f"{SERVICE}.Session"
    (uid, _) = await bus.property(SERVICE, path, f"{name}.User")
    return Session(
        id=str(await bus.property(SERVICE, path, f"{name}.Id")),
        uid=int(uid),
        active=bool(await bus.property(SERVICE, path, f"{name}.Active")),
        remote=bool(await bus.property(SERVICE, path, f"{name}.Remote")),
        locked=bool(await bus.property(SERVICE, path, f"{name}.LockedHint")),
    )
