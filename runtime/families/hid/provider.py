"""What every kind of HID device offers to the session of a driver: the border between the two.

Simulated devices and real ones are both this, and `HidSession` is all that a driver reaches of
either. Everything is called in the event loop of the device's broker.
Invariant: Protocols and values only.
"""

from collections.abc import Callable
from typing import Protocol

from runtime.model.hid import ReportType
from runtime.wire import hid

Hear = Callable[[bytes | None], None]
"""Called with each input report; with None, once and last, when the device is gone."""


class HidDevice(Protocol):
    """A device that a broker holds. Of a report, the first byte is its id if it has one."""

    @property
    def descriptor(self) -> bytes:
        """The report descriptor."""

    def listen(self, hear: Hear | None) -> None:
        """Have this called from now on, and nothing that came before; None: nobody."""

    def pause(self, *, paused: bool) -> None:
        """Leave further reports where they are, or take them again."""

    def seize(self, *, on: bool) -> None:
        """Keep the input from the rest of the system, or let it have it again; ReturnError."""

    async def get_report(self, kind: ReportType, report_id: int, length: int) -> bytes:
        """Ask for a report of up to so many bytes; ReturnError."""

    async def set_report(self, kind: ReportType, report_id: int, report: bytes) -> None:
        """Send a report; ReturnError."""

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""


class Published(Protocol):
    """The HID device that a driver process may publish."""

    def make(self, identity: hid.HIDIdentity, physical: str, descriptor: bytes) -> None:
        """Have it be there, once and before anything else; ReturnError.

        `physical` says who publishes it.
        """

    def withdraw(self) -> None:
        """Take it away, for another one to be made; an awaited request waits on."""

    def say(self, report: bytes) -> None:
        """Have it say an input report; ReturnError."""

    def await_request(self, action: int) -> None:
        """Complete this with the next thing that the system asks of it; ReturnError."""

    def complete_report(self, answer: hid.CompleteReport) -> None:
        """Answer what was asked; ReturnError."""

    def close(self) -> None:
        """Take it away; an awaited request completes with ABORTED. Idempotent."""
