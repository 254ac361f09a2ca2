"""What a broker does with HID devices on a real kernel's hidraw."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.kernel.vm import VirtualMachine

ROOT = Path(__file__).resolve().parents[2]


def test_the_suite(vm: VirtualMachine, measured: Callable[[str], None]) -> None:
    """Each test has a device of its own, by uhid."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command.append(str(ROOT / "tests/conformance/test_hid_provider.py"))
    result = vm.run("env", f"--chdir={ROOT}", "CONFORMANCE_UHID=1", *command, timeout=300)
    assert result.code == 0, result.stdout + result.stderr
    assert " skipped" not in result.stdout
    measured(f"guest: HID: {result.stdout.strip().splitlines()[-1]}")
