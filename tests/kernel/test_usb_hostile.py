"""What a broker does with hostile USB devices on a real kernel's usbfs.

In a guest of their own: what they leave behind in the kernel disturbs no other test, and none them.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel import image
from tests.kernel.vm import VirtualMachine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_vm() -> Iterator[VirtualMachine]:
    with VirtualMachine(image.prepare(image.cache_folder())) as machine:
        yield machine


def test_hostile_devices(own_vm: VirtualMachine, measured: Callable[[str], None]) -> None:
    """Whatever a device does, everything that was tried with it ends, and ends as it should."""
    own_vm.run("modprobe", "vhci_hcd")
    command = [sys.executable, "-m", "tests.kernel.guest.break_usb"]
    result = own_vm.run("env", f"--chdir={ROOT}", *command, timeout=300)
    assert result.code == 0, result.stdout + result.stderr
    cases = [json.loads(line) for line in result.stdout.splitlines()]
    assert not [case["surprise"] for case in cases if case["surprise"]]
    used = [case for case in cases if case["node"]]
    honest = next(case for case in cases if case["trick"] == "honest")
    assert honest["ended"]["SUCCESS"] > 10, honest
    measured(f"guest: {len(cases)} hostile devices, {len(used)} of which the kernel let in")
    for case in cases:
        measured(f"guest: {case['trick']} {case['number']}: {case['ended'] or 'no node'}")
