"""Asking polkit whether a process may do something, and its user for a password where needed.

Source: polkit Reference Manual, org.freedesktop.PolicyKit1.Authority.
Invariant: the subject is what the kernel said of the peer when it connected, never its word.
"""

import secrets
from collections.abc import Mapping

import msgspec
from dbus_fast import Variant

from runtime.linux.bus import Bus, BusError
from runtime.linux.sockets import Peer
from runtime.model.errors import UnavailableError

SERVICE = "org.freedesktop.PolicyKit1"
_PATH = "/org/freedesktop/PolicyKit1/Authority"
_AUTHORITY = f"{SERVICE}.Authority"
_ALLOW_INTERACTION = 1
_CANCEL_SECONDS = 2.0


class Verdict(msgspec.Struct, frozen=True):
    """What polkit said. `challenge`: a password would be needed, and nobody could ask for it."""

    authorized: bool
    challenge: bool
    dismissed: bool


class Question:
    """One question to polkit; `cancel` takes the password dialog away."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._id = secrets.token_hex(16)

    async def ask(
        self, peer: Peer, action: str, details: Mapping[str, str], seconds: float
    ) -> Verdict:
        """Ask, and wait for the user as long as `seconds`.

        Raises:
            UnavailableError: polkit does not answer, or refuses to.
        """
        subject = [
            "unix-process",
            {
                "pid": Variant("u", peer.pid),
                "start-time": Variant("t", peer.started),
                "uid": Variant("i", peer.uid),
            },
        ]
        body = [subject, action, dict(details), _ALLOW_INTERACTION, self._id]
        try:
            ((authorized, challenge, said),) = await self._bus.call(
                SERVICE,
                _PATH,
                f"{_AUTHORITY}.CheckAuthorization",
                "(sa{sv})sa{ss}us",
                body,
                seconds=seconds,
            )
        except BusError as error:
            raise UnavailableError(
                f"polkit: expected an answer about {action}, found: {error}"
            ) from None
        return Verdict(authorized, challenge, "polkit.dismissed" in said)

    async def cancel(self) -> None:
        """Ask no longer; nothing happens where the question was answered."""
        try:
            await self._bus.call(
                SERVICE,
                _PATH,
                f"{_AUTHORITY}.CancelCheckAuthorization",
                "s",
                [self._id],
                seconds=_CANCEL_SECONDS,
            )
        except (BusError, UnavailableError):
            return
