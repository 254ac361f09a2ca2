"""What libraries in a driver find instead of the machine's USB and HID: the driver's provider.

A library that speaks pyusb or hidapi imports it by its name, vendored or not; the module below it
that would look for the machine's devices is ours, and knows the provider and nothing else.
Invariant: of these modules no other is ever imported in a driver process.
"""

import importlib
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, cast

from runtime.driverkit.service import IOService
from runtime.driverkit.transport import Transport

if TYPE_CHECKING:
    from importlib.abc import Loader  # it would bring half of the library into every driver

OURS = {
    "usb.backend.libusb1": "runtime.host.pyusb_backend",
    "hid": "runtime.host.hid_package",
    "hidraw": "runtime.host.hidapi",
}
"""By the name that a library imports."""

_offered: dict[IOService, Transport] = {}


def offer(service: IOService, transport: Transport) -> None:
    """Let libraries find a service's provider; before its `Start`."""
    _offered[service] = transport


def withdraw(service: IOService) -> None:
    """Let nobody find its provider any more: it has stopped."""
    del _offered[service]


def offered() -> dict[IOService, Transport]:
    """The services whose providers libraries may use, and their way to them."""
    return dict(_offered)


class LibraryFinder:
    """Finds our modules under the libraries' names, before anything else does."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module of ours; None for every other name."""
        del path, target
        if fullname not in OURS:
            return None
        return importlib.machinery.ModuleSpec(fullname, cast("Loader", self))

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The module itself, imported under its own name."""
        return importlib.import_module(OURS[spec.name])

    def exec_module(self, module: ModuleType) -> None:
        """It was executed when it was imported."""


def install() -> None:
    """Have these modules found; once, before a bundle is loaded."""
    sys.meta_path.insert(0, LibraryFinder())
