"""Waiting for a child process of the event loop without a thread and without blocking.

Source: pidfd_open(2), waitid(2).
Invariant: no thread, and no child left unreaped.
"""

import asyncio
import os
import subprocess


async def wait_for(process: subprocess.Popen[bytes], kill_after_s: float | None = None) -> int:
    """Wait until a child ended and reap it; return its exit code, negative for a signal.

    A child that is still there after `kill_after_s` is killed. Cancelling leaves it running.
    """
    loop = asyncio.get_running_loop()
    pidfd = os.pidfd_open(process.pid)
    ended = asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    killer = loop.call_later(kill_after_s, process.kill) if kill_after_s is not None else None
    try:
        await ended.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        if killer is not None:
            killer.cancel()
    return process.wait()
