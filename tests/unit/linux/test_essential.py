"""What the machine cannot well be without, read from trees like those of the kernel."""

from pathlib import Path

import pytest

from runtime.linux import essential
from runtime.linux.essential import Essentials, warning

USB = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2"
KEYS = "10000 7 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"


class Machine:
    """A tree to make devices in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (
            "sys/class/input",
            "sys/class/net",
            "sys/dev/block",
            "proc/net",
            "proc/self",
        ):
            (root / folder).mkdir(parents=True)

    def device(self, path: str, link: str) -> Path:
        """A device, and the link of its class."""
        made = self.root / path.lstrip("/")
        made.mkdir(parents=True)
        (self.root / link).symlink_to(made)
        return made

    def keyboard(self, path: str, name: str, keys: str = KEYS) -> None:
        """An input device."""
        capabilities = self.device(path, f"sys/class/input/{name}") / "capabilities"
        capabilities.mkdir()
        (capabilities / "key").write_text(keys + "\n")

    def write(self, path: str, text: str) -> None:
        """A file of procfs."""
        (self.root / path).write_text(text)

    def warning(self, syspath: str = USB) -> str:
        """What is said of a device."""
        return warning(syspath, essential.read(self.root))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without anything."""
    return Machine(tmp_path)


def test_nothing_is_known_of_a_machine_that_cannot_be_read(machine: Machine) -> None:
    assert essential.read(machine.root / "nowhere") == Essentials()
    assert machine.warning() == ""


def test_the_only_keyboard(machine: Machine) -> None:
    machine.keyboard(f"{USB}/1-2:1.0/0003/input/input5", "input5")
    machine.keyboard("/sys/devices/LNXSYSTM:00/button/input/input0", "input0", "10000000000000 0")
    machine.keyboard("/sys/devices/virtual/input/input9", "input9")
    assert machine.warning() == "it is the only keyboard"
    assert machine.warning(f"{USB}/1-2:1.0") == "it is the only keyboard"
    assert machine.warning(f"{USB}/1-2:1.0/0003") == "it is the only keyboard", "as a HID device"
    assert machine.warning(USB + "1") == ""
    machine.keyboard("/sys/devices/platform/i8042/serio0/input/input1", "input1")
    assert machine.warning() == ""


def test_a_bluetooth_keyboard_is_one(machine: Machine) -> None:
    """What programs pretend to be is none, but Bluetooth's keyboards are made by a program, too."""
    machine.keyboard(f"{USB}/1-2:1.0/0003/input/input5", "input5")
    published = "/sys/devices/virtual/misc/uhid/0003:1209:0002.0007"
    machine.keyboard(f"{published}/input/input8", "input8")
    assert machine.warning() == "it is the only keyboard"
    bluetooth = "/sys/devices/virtual/misc/uhid/0005:05AC:0267.0008"
    machine.keyboard(f"{bluetooth}/input/input9", "input9")
    assert machine.warning() == ""
    assert machine.warning(bluetooth) == ""


def test_the_root_disk_below_encryption_below_volumes(machine: Machine) -> None:
    """Two disks of one volume group, the second of which is encrypted."""
    first = machine.device(f"{USB}/host0/block/sda/sda1", "sys/dev/block/8:1")
    second = machine.device("/sys/devices/pci0000:00/ata1/block/sdb/sdb1", "sys/dev/block/8:17")
    crypt = machine.device("/sys/devices/virtual/block/dm-0", "sys/dev/block/253:0")
    volume = machine.device("/sys/devices/virtual/block/dm-1", "sys/dev/block/253:1")
    for block, slaves in ((crypt, (second,)), (volume, (first, crypt))):
        (block / "slaves").mkdir()
        for slave in slaves:
            (block / "slaves" / slave.name).symlink_to(slave)
    line = "23 1 253:1 / / rw shared:1 - ext4 /dev/mapper/root rw\n"
    machine.write("proc/self/mountinfo", line)
    lost = "the root file system is on it"
    assert machine.warning() == machine.warning("/sys/devices/pci0000:00/ata1") == lost
    assert machine.warning("/sys/devices/pci0000:00/ata2") == ""


def test_the_root_disk_below_a_mapping(machine: Machine) -> None:
    disk = machine.device(f"{USB}/1-2:1.0/host0/block/sda/sda1", "sys/dev/block/8:1")
    mapped = machine.device("/sys/devices/virtual/block/dm-0", "sys/dev/block/253:0")
    (mapped / "slaves").mkdir()
    (mapped / "slaves/sda1").symlink_to(disk)
    line = "23 1 253:0 / {} rw shared:1 - ext4 /dev/mapper/root rw\n"
    machine.write("proc/self/mountinfo", line.format("/home"))
    assert machine.warning() == ""
    machine.write("proc/self/mountinfo", line.format("/"))
    assert machine.warning() == "the root file system is on it"


def test_the_default_route_through_a_bridge(machine: Machine) -> None:
    card = machine.device(f"{USB}/1-2:1.0/net/usb0", "sys/class/net/usb0")
    bridge = machine.device("/sys/devices/virtual/net/br0", "sys/class/net/br0")
    (bridge / "lower_usb0").symlink_to(card)
    head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    machine.write("proc/net/route", head + "br0 00000000 0101A8C0 3 0 0 0 00000000 0 0 0\n")
    assert machine.warning() == "the default network route goes through it"
    other = machine.device("/sys/devices/pci0000:00/0000:00:03.0/net/eth0", "sys/class/net/eth0")
    assert other.is_dir()
    zeros = "0" * 32
    more = f"{zeros} 00 {zeros} 00 {zeros} 00000400 00000001 00000000 00000003     eth0\n"
    machine.write("proc/net/ipv6_route", more)
    assert machine.warning() == ""


def test_all_at_once() -> None:
    everything = Essentials(*(frozenset({f"{USB}/{name}"}) for name in "kdl"))
    words = "it is the only keyboard and the root file system is on it and "
    assert warning(USB, everything) == words + "the default network route goes through it"
