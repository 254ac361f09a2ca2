"""What every device with interrupts offers, real or simulated.

Invariant: Protocols only.
"""

from collections.abc import Callable
from typing import Protocol


class InterruptDevice(Protocol):
    """A device with interrupt lines, each disabled at first."""

    @property
    def types(self) -> tuple[int, ...]:
        """The type of each line, EDGE or LEVEL of `runtime.wire.interrupt`."""

    def hear(self, index: int, happened: Callable[[int], None] | None) -> None:
        """Have this called with how often a line has happened since; None: nobody."""

    def enable(self, index: int, *, on: bool) -> None:
        """Let a line happen or not; one of a level is disabled when it has happened.

        Raises:
            ReturnError: The device refused.
        """

    def close(self) -> None:
        """Disable all lines and let go of the device; idempotent."""
