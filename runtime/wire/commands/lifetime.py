"""Commands about the runtime's own life.

Invariant: values only, no I/O.
"""

from runtime.wire.commands.base import CommandOf


class Quit(CommandOf[None], frozen=True, array_like=True, tag="quit"):
    """Stop all drivers in order and end the runtime. Answered when the drivers are stopped."""


class Detach(CommandOf[None], frozen=True, array_like=True, tag="detach"):
    """Run on when this client, the window that started the runtime, goes."""
