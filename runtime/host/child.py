"""What every child of the zygote does first: it leaves what was the zygote's.

What can be done for all of them is done in the zygote, where it is done once and shares memory:
`settle`.
Invariant: afterwards no descriptor of the zygote is open but those that were named.
"""

import contextlib
import io
import os
import signal
import sys

from runtime.host.lockdown import Sandbox
from runtime.linux import privileges


def settle() -> None:
    """Have this process, the zygote, be as its children are in all that they inherit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the program in front
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
    privileges.set_name("zygote")


def leave_zygote(name: str, output: int, keep: set[int], sandbox: Sandbox) -> None:
    """Change descriptors, session and name; called in a fresh child.

    Args:
        name: What ps shows.
        output: Where stdout and stderr go.
        keep: Descriptors that stay open beside the streams and the sandbox's.
        sandbox: Whose descriptors stay open until it is entered.
    """
    print_to(output)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0)
    stay = sorted({0, 1, 2} | keep | sandbox.descriptors)
    for low, high in zip(stay, [*stay[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(low + 1, high)
    with contextlib.suppress(PermissionError):  # it leads a session already
        os.setsid()
    rename(name, sandbox)


def print_to(output: int) -> None:
    """Where stdout and stderr go from now on; the descriptor stays open."""
    os.dup2(output, 1)
    os.dup2(output, 2)


def rename(name: str, sandbox: Sandbox) -> None:
    """What ps shows of this process from now on."""
    privileges.set_name(name)
    sandbox.title.fill(name)
