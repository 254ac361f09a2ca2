"""Worker processes: started for a job, or one ahead of the next job.

A worker takes 150 ms to come up, an approved extension's activation 20: so one waits, idle, with
all that a job may need imported. It is another one for each job.
Runs in the event loop.
Invariant: at most one waits; what waits is ended by `close`, or by the runtime's own end.
"""

import asyncio
import socket
import subprocess

from runtime.linux import children, roles, sockets
from runtime.model.errors import ProblemError

PAUSE_SECONDS = 0.5  # after a job, before the next worker is made: more jobs may follow
LINGER_SECONDS = 5.0  # of a worker that has answered

SPARE = "spare"

Worker = tuple[socket.socket, "subprocess.Popen[bytes]"]
"""Our end of its channel, and the process."""


class Spare:
    """The one that waits, once `start` was called."""

    def __init__(self) -> None:
        self._waiting: Worker | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._on = False

    def start(self) -> None:
        """Have one wait from now on."""
        self._on = True
        self._later()

    def take(self) -> Worker:
        """The one that waits, or a new one; the caller's to end.

        Raises:
            ProblemError: None could be started.
        """
        self._later()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting[1].poll() is None:
            return waiting
        if waiting is not None:
            waiting[0].close()  # somebody killed it
        return _started()

    @property
    def pid(self) -> int:
        """The one that waits; 0 for none."""
        return 0 if self._waiting is None else self._waiting[1].pid

    async def close(self) -> None:
        """End the one that waits; none comes after it."""
        self._on = False
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting[1].kill()  # it may still be coming up, and has no job
            await end(waiting)

    def _later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._on:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PAUSE_SECONDS, self._prepare)

    def _prepare(self) -> None:
        try:
            self._waiting = self._waiting or _started(SPARE)
        except ProblemError:
            self._later()  # the next job says so, if it is still so


async def end(worker: Worker) -> None:
    """Close a worker's channel and wait until it is reaped."""
    worker[0].close()
    await children.wait_for(worker[1], LINGER_SECONDS)


def _started(*words: str) -> Worker:
    """Start a worker; `words` are for who reads the list of processes."""
    try:
        ours, theirs = sockets.seqpacket_pair()
    except OSError as error:
        raise _none(error) from None
    with theirs:
        try:
            process = subprocess.Popen(
                roles.argv("worker", str(theirs.fileno()), *words),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # a Ctrl-C is for the program in front
            )
        except OSError as error:
            ours.close()
            raise _none(error) from None
    return ours, process


def _none(error: OSError) -> ProblemError:
    found = error.strerror or str(error)
    return ProblemError("failed", f"worker: expected to be able to start one, found: {found}")
