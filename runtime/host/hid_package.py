"""The module `hid` of a driver process: two packages of that name are one here.

hidapi's has `device`, the package hid's has `Device`; what both have is the same.
Source: hid 1.0.9, hid/__init__.py; `runtime.host.hidapi` for the other.
Invariant: every error of `Device` is one that the package's own raises.
"""

from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from runtime.host.hidapi import BusType, __version__, device, enumerate, version_str  # noqa: A004

__all__ = [
    "BusType",
    "Device",
    "HIDException",
    "__version__",
    "device",
    "enumerate",
    "version",
    "version_str",
]

P = ParamSpec("P")
T = TypeVar("T")

version = tuple(int(part) for part in __version__.split("."))


class HIDException(Exception):  # noqa: N818 - the package's name
    """What went wrong, in a sentence."""


class Device:
    """The provider, opened."""

    def __init__(
        self,
        vid: int | None = None,
        pid: int | None = None,
        serial: str | None = None,
        path: bytes | None = None,
    ) -> None:
        """Open it by its numbers, or by the path that `enumerate` tells.

        Raises:
            HIDException: It is another device, or open already.
            ValueError: Neither numbers nor a path were said.
        """
        self._device = device()
        self._nonblocking = 0
        try:
            if path:
                self._device.open_path(path)
            elif vid and pid is not None:
                self._device.open(vid, pid, serial)
            else:
                raise ValueError("specify vid/pid or path")
        except OSError as error:
            raise HIDException(f"unable to open device: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; idempotent."""
        self._device.close()

    def read(self, size: int, timeout: int | None = None) -> bytes:
        """The next input report; empty when none came within `timeout` ms."""
        return self._call(self._device.receive, size, timeout)

    def write(self, data: bytes) -> int:
        """Send an output report; the bytes that were sent."""
        return self._sent(self._call(self._device.write, data))

    def send_feature_report(self, data: bytes) -> int:
        """Send a feature report; the bytes that were sent."""
        return self._sent(self._call(self._device.send_feature_report, data))

    def get_feature_report(self, report_id: int, size: int) -> bytes:
        """A feature report with its id."""
        return bytes(self._call(self._device.get_feature_report, report_id, size))

    def get_input_report(self, report_id: int, size: int) -> bytes:
        """An input report with its id."""
        return bytes(self._call(self._device.get_input_report, report_id, size))

    def get_report_descriptor(self, size: int = 4096) -> bytes:
        """The report descriptor."""
        return bytes(self._call(self._device.get_report_descriptor, size))

    def get_indexed_string(self, index: int, max_length: int = 255) -> str:
        """Another string of the device: there is none."""
        del max_length
        return self._call(self._device.get_indexed_string, index)

    @property
    def nonblocking(self) -> int:
        """Whether `read` without a timeout returns at once when nothing is there."""
        return self._nonblocking

    @nonblocking.setter
    def nonblocking(self, value: int) -> None:
        self._call(self._device.set_nonblocking, value)
        self._nonblocking = value

    @property
    def manufacturer(self) -> str:
        """Who made it."""
        return str(self._call(self._device.get_manufacturer_string))

    @property
    def product(self) -> str:
        """What it is called."""
        return str(self._call(self._device.get_product_string))

    @property
    def serial(self) -> str:
        """Its serial number."""
        return str(self._call(self._device.get_serial_number_string))

    def _sent(self, count: int) -> int:
        if count < 0:
            raise HIDException(self._device.error())
        return count

    def _call(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        try:
            return call(*arguments, **named)
        except ValueError:
            raise HIDException("device closed") from None
        except OSError as error:
            raise HIDException(self._device.error() or str(error)) from None
