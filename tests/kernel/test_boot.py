"""The guest itself: Debian's kernel, real USB, and what its sandbox facilities are."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.kernel.vm import VirtualMachine


def test_debian_kernel_with_landlock(vm: VirtualMachine, measured: Callable[[str], None]) -> None:
    measured(f"guest: booted in {vm.boot_seconds:.1f} s")
    assert vm.run("uname", "-r").stdout.startswith("6.1.")
    assert "landlock" in vm.run("cat", "/sys/kernel/security/lsm").stdout


def test_user_namespaces_can_be_made(vm: VirtualMachine) -> None:
    result = vm.run("setpriv", "--reuid=65534", "--clear-groups", "unshare", "-U", "true")
    assert result.code == 0, result.stderr


def test_the_host_cannot_be_written_to(vm: VirtualMachine) -> None:
    assert vm.run("sh", "-c", "echo guest >/only-in-the-guest").code == 0
    assert not Path("/only-in-the-guest").exists()


def test_pyudev_sees_the_keyboard(vm: VirtualMachine) -> None:
    code = (
        "import pyudev\n"
        "for device in pyudev.Context().list_devices(subsystem='usb'):\n"
        "    print(device.driver, device.sys_path)\n"
    )
    lines = vm.run(sys.executable, "-c", code).stdout.splitlines()
    assert [line for line in lines if line.startswith("usbhid ") and "/usb1/" in line]
