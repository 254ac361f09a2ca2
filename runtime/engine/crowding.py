"""How many activations may be staged at once for one program and one user.

Staging reads and hashes a bundle, which takes long; whoever asks a thousand times a second would
have everybody else wait behind that. What is too much is refused at once and costs nothing.
Invariant: what was let in is let out, however it ends.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator

from runtime.linux.sockets import Peer
from runtime.model.errors import ProblemError

OF_PROGRAM = 4
OF_USER = 16


class Crowding:
    """Counts what is being staged."""

    def __init__(self) -> None:
        self._programs: Counter[tuple[int, int]] = Counter()  # by pid and its start
        self._users: Counter[int] = Counter()

    @contextlib.contextmanager
    def let_in(self, peer: Peer) -> Iterator[None]:
        """Count one activation while it is staged.

        Raises:
            ProblemError: ``busy``: too many of this program or user are.
        """
        program = (peer.pid, peer.started)
        if self._programs[program] >= OF_PROGRAM or self._users[peer.uid] >= OF_USER:
            raise ProblemError(
                "busy",
                f"process {peer.pid}: expected at most {OF_PROGRAM} activations of a program and "
                f"{OF_USER} of a user at once, found {self._programs[program]} and "
                f"{self._users[peer.uid]}; ask again when they are answered",
            )
        self._programs[program] += 1
        self._users[peer.uid] += 1
        try:
            yield
        finally:
            self._programs -= Counter({program: 1})  # an entry of none goes
            self._users -= Counter({peer.uid: 1})
