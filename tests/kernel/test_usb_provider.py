"""What brokers do with devices on a real kernel's usbfs, and drivers with a node of their own."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.vm import VirtualMachine

ROOT = Path(__file__).resolve().parents[2]
FIND = """
end=$(($(date +%s) + 60))
while [ $(date +%s) -lt $end ]; do
    for d in /sys/bus/usb/devices/*; do
        [ "$(cat $d/idVendor 2>/dev/null)$(cat $d/idProduct 2>/dev/null)" = $1 ] || continue
        [ -e $d/bConfigurationValue ] || continue
        printf '/dev/bus/usb/%03d/%03d' $(cat $d/busnum) $(cat $d/devnum)
        exit
    done
    sleep 0.1
done
exit 1
"""


def plug(vm: VirtualMachine, *arguments: str) -> str:
    """Start a device of Python in the guest; the process that is it."""
    vm.run("modprobe", "vhci_hcd")
    script = f"cd {ROOT}; exec {sys.executable} -m tests.kernel.guest.vhci {' '.join(arguments)}"
    command = f"({script}) >/run/vhci.log 2>&1 </dev/null & echo $!"
    return vm.run("sh", "-c", command).stdout.strip()


@pytest.fixture
def node(vm: VirtualMachine) -> Iterator[str]:
    """The loopback device in a port of the guest's virtual controller."""
    pid = plug(vm, "loopback")
    found = vm.run("sh", "-c", FIND, "sh", "12090002", timeout=90)
    assert found.code == 0, vm.run("sh", "-c", "cat /run/vhci.log; dmesg | tail -20").stdout
    yield found.stdout
    vm.run("kill", pid)


def test_the_suite(vm: VirtualMachine, node: str, measured: Callable[[str], None]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command.append(str(ROOT / "tests/conformance/test_usb_provider.py"))
    result = vm.run("env", f"--chdir={ROOT}", f"CONFORMANCE_NODE={node}", *command, timeout=300)
    assert result.code == 0, result.stdout + result.stderr
    assert " skipped" not in result.stdout
    measured(f"guest: {result.stdout.strip().splitlines()[-1]}")


def test_what_a_lent_node_does_not_reach(vm: VirtualMachine, node: str) -> None:
    """Every attack on another interface is denied, by the kernel or by the driver's filter."""
    command = [sys.executable, "-m", "tests.kernel.guest.attack_usb", node]
    result = vm.run("env", f"--chdir={ROOT}", *command, timeout=120)
    assert result.code == 0, result.stdout + result.stderr
    found = json.loads(result.stdout)
    assert found["own"], "its own interface is its own"
    # The kernel lets requests to the device and a vendor's through, and no filter looks into a URB:
    # that is why a node is lent only where there is no other interface
    # (tests/unit/families/test_interface.py).
    holes = {"a vendor's control URB to another interface", "a control URB that sets a feature"}
    passed = {name for name, error in found["kernel"].items() if not error}
    assert passed <= holes | {"a control request of the whole device", "widen its privileges"}
    assert {name for name, error in found["filter"].items() if not error} == holes, found
