"""The descriptors between the runtime and one driver process.

Invariant: each is closed exactly once, by whoever has it.
"""

import contextlib
import os

from runtime.linux import memfd, sockets


class Channels:
    """The runtime's ends and, until they are sent, the process's."""

    def __init__(self) -> None:
        """Make all of them.

        Raises:
            OSError: No descriptor or memory is left; none was kept.
        """
        with contextlib.ExitStack() as undo:
            self.control, self._their_control = map(undo.enter_context, sockets.seqpacket_pair())
            self.watch, self._their_watch = map(undo.enter_context, sockets.seqpacket_pair())
            self.output, self._their_output = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            undo.callback(os.close, self.output)
            undo.callback(os.close, self._their_output)
            os.set_blocking(self._their_output, True)
            self.crash = memfd.blank("crash")
            undo.pop_all()
        self.control.setblocking(False)
        self.watch.setblocking(False)

    def theirs(self) -> tuple[int, ...]:
        """What the process gets, in the order of `zygote.DESCRIPTORS`."""
        return (
            self._their_control.fileno(),
            self._their_watch.fileno(),
            self._their_output,
            self.crash,
        )

    def close_theirs(self) -> None:
        """Close the process's ends here, after they were sent."""
        self._their_control.close()
        self._their_watch.close()
        os.close(self._their_output)

    def close_ours(self) -> None:
        """Close the runtime's ends."""
        self.control.close()
        self.watch.close()
        os.close(self.output)
        os.close(self.crash)
