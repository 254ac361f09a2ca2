"""Who asks: from the credentials of the peer, never from its message.

Invariant: what cannot be seen is empty, and stops nobody.
"""

import contextlib
from pathlib import Path

from runtime.linux import places
from runtime.linux.sockets import Peer
from runtime.model.errors import ProblemError
from runtime.model.records import Requester


def requester(peer: Peer, app: str, app_path: str) -> Requester:
    """Who asks through a connection, for an app that was looked at."""
    return Requester(
        app=app,
        app_path=app_path,
        pid=peer.pid,
        uid=peer.uid,
        user=user_name(peer.uid),
        program=_program(peer.pid),
    )


def user_name(uid: int) -> str:
    """A user's name for sentences; a container may run as a user without an account."""
    try:
        return places.account(uid).pw_name
    except ProblemError:
        return f"user {uid}"


def _program(pid: int) -> str:
    """The executable of a process, empty when it cannot be seen."""
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/exe").readlink())
    return ""
