"""Real USB devices of a real kernel in the registry: present ones, and those that come and go."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kernel.conftest import READY_TIMEOUT, SOCKET, Inspector
from tests.kernel.image import GUEST

WATCH_LOG = "/run/watch.log"


def tree_path(printed: str, needle: str) -> list[str]:
    """Lines of `ioreg` from the root down to the first that contains this."""
    path: list[tuple[int, str]] = []
    for line in printed.splitlines():
        depth = line.find("+-o ")
        if depth < 0:
            continue
        path = [above for above in path if above[0] < depth]
        path.append((depth, line[depth:]))
        if needle in line:
            return [text for _, text in path]
    raise AssertionError(f"ioreg: expected a line with {needle!r}, found none in:\n{printed}")


def assert_below_xhci(path: list[str], device: str) -> None:
    """Check that a path goes through a USB device below QEMU's controller."""
    names = [line.removeprefix("+-o ").split("  <")[0].split("@")[0] for line in path]
    assert "pci1b36,d" in names, names
    controller, found = names.index("pci1b36,d"), names.index(device)
    assert controller < names.index("xHCI Host Controller") < found


def test_the_keyboard_is_below_its_controller_with_its_kernel_driver(inspector: Inspector) -> None:
    printed = inspector.run("ioreg", "-w0", "-l")
    assert tree_path(printed, "+-o xhci_hcd  <class IOUSBHostController")
    path = tree_path(printed, "+-o usbhid  <class IOUSBHostHIDDevice")
    assert_below_xhci(path, "QEMU USB Keyboard")


class Watch:
    """The events that a client in the guest receives."""

    def __init__(self, inspector: Inspector) -> None:
        self._machine = inspector.machine

    def wait(self, kind: str, name: str = "") -> dict[str, Any]:
        """Return the last event of this kind and name, once it has come."""
        deadline = time.monotonic() + READY_TIMEOUT
        while True:
            lines = self._machine.run("cat", WATCH_LOG).stdout.splitlines()
            events = [json.loads(line) for line in lines]
            for event in reversed(events):
                if event["kind"] == kind and event.get("name", "").split("@")[0] == name:
                    found: dict[str, Any] = event
                    return found
            assert time.monotonic() < deadline, f"no {kind} of {name}: {events}"


@pytest.fixture
def watch(inspector: Inspector) -> Iterator[Watch]:
    """A subscriber in the guest."""
    command = f"{sys.executable} {GUEST / 'watch.py'} {SOCKET}"
    started = inspector.machine.run(
        "sh", "-c", f"setsid {command} >{WATCH_LOG} 2>&1 </dev/null & echo $!"
    )
    ours = Watch(inspector)
    ours.wait("subscribed")
    yield ours
    inspector.machine.run("kill", started.stdout.strip())


def test_a_mouse_comes_and_goes(
    inspector: Inspector, watch: Watch, measured: Callable[[str], None]
) -> None:
    machine = inspector.machine
    before = machine.run("true").wall_ns
    machine.device_add("usb-mouse", "mouse")
    came = watch.wait("Plugged", "QEMU USB Mouse")
    assert_below_xhci(tree_path(inspector.run("ioreg", "-w0"), "QEMU USB Mouse"), "QEMU USB Mouse")

    between = machine.run("true").wall_ns
    machine.device_del("mouse")
    went = watch.wait("Unplugged", "QEMU USB Mouse")
    assert went["path"] == came["path"]
    assert "QEMU USB Mouse" not in inspector.run("ioreg", "-w0")
    measured(f"guest: device_add → event at a client {(came['wall_ns'] - before) / 1e6:.0f} ms")
    measured(f"guest: device_del → event at a client {(went['wall_ns'] - between) / 1e6:.0f} ms")
