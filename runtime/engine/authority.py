"""Who may have which command carried out, in a runtime that belongs to one user.

Everybody who gets in may look and steer drivers; what may run is decided in the window that
started the runtime. The system service asks `runtime.engine.administrators` in this place.
Invariant: a command that decides what may run is never carried out without authority.
"""

from collections.abc import Iterable
from typing import Protocol

from runtime.engine.connection import ClientConnection
from runtime.engine.hub import Hub
from runtime.model.errors import ProblemError
from runtime.wire.commands import Command
from runtime.wire.commands.audit import Reset
from runtime.wire.commands.extensions import (
    Deactivate,
    Decide,
    Revoke,
    SetDeveloperMode,
    Undo,
)
from runtime.wire.commands.policy import AddProfile, RemoveProfile
from runtime.wire.commands.registry import Topic
from runtime.wire.commands.trust import AddTrust, RemoveTrust

DECISIONS = (
    Decide,
    Deactivate,
    Revoke,
    Undo,
    SetDeveloperMode,
    AddTrust,
    RemoveTrust,
    AddProfile,
    RemoveProfile,
    Reset,
)
"""Commands that change what may run on this machine."""


class Authority(Protocol):
    """Says whether a client may have a command carried out."""

    async def require(self, client: ClientConnection, command: Command) -> None:
        """Return if it may; this may ask somebody, and take as long as that takes.

        Raises:
            ProblemError: ``not-allowed``, and why; or what the way of asking names.
        """

    def topics(self, client: ClientConnection, wanted: Iterable[Topic]) -> tuple[Topic, ...]:
        """Those of the topics that a client may be told of."""


class OwnersAuthority:
    """Decisions count from the owning window, or from all clients where that was allowed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def require(self, client: ClientConnection, command: Command) -> None:
        """As `Authority` says; answers at once."""
        if isinstance(command, DECISIONS) and not self._hub.may_approve(client):
            raise ProblemError(
                "not-allowed",
                "this runtime takes decisions only from the window that started it; "
                "decide there, or start a runtime with --allow-socket-approval",
            )

    def topics(self, _client: ClientConnection, wanted: Iterable[Topic]) -> tuple[Topic, ...]:
        """As `Authority` says: all, as nobody else gets in."""
        return tuple(wanted)
