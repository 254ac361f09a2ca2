"""What the machine cannot well be without: its only keyboard, its root disk, its network link.

Source: kernel Documentation/ABI/testing/sysfs-block (slaves), sysfs-class-net (lower_*),
Documentation/filesystems/proc.rst (mountinfo, net/route); udev's own test for a keyboard.
Invariant: reads sysfs and procfs only, and never opens a device; what cannot be read is not there.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_KEYBOARD = 0xFFFF_FFFE  # KEY_ESC to KEY_S, all of them: as udev tells a keyboard from buttons
_BLUETOOTH = "/sys/devices/virtual/misc/uhid/0005:"  # 5: BUS_BLUETOOTH
_DEFAULT = "00000000"
_DEFAULT_6 = "0" * 32


class Essentials(msgspec.Struct, frozen=True):
    """Paths below /sys/devices of what carries each of them."""

    keyboards: frozenset[str] = frozenset()
    root_disks: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()


def warning(syspath: str, essentials: Essentials) -> str:
    """What would be lost with a device, in a sentence; empty: nothing that is known. Pure."""
    lost = []
    if _all_below(syspath, essentials.keyboards):
        lost.append("it is the only keyboard")
    if any(_below(syspath, path) for path in essentials.root_disks):
        lost.append("the root file system is on it")
    if _all_below(syspath, essentials.links):
        lost.append("the default network route goes through it")
    return " and ".join(lost)


def is_below(syspath: str, essentials: Essentials) -> bool:
    """Whether a device carries any of these, be there others or not. Pure."""
    return any(
        _below(syspath, path)
        for paths in (essentials.keyboards, essentials.root_disks, essentials.links)
        for path in paths
    )


def read(root: Path = Path("/")) -> Essentials:
    """How the machine is now; `root` is where its /sys, /proc and /dev are."""
    return Essentials(
        frozenset(_keyboards(root)), frozenset(_root_disks(root)), frozenset(_links(root))
    )


def _below(syspath: str, path: str) -> bool:
    return path == syspath or path.startswith(f"{syspath}/")


def _all_below(syspath: str, paths: Iterable[str]) -> bool:
    found = [_below(syspath, path) for path in paths]
    return bool(found) and all(found)


def _keyboards(root: Path) -> Iterator[str]:
    for entry in _names(root / "sys/class/input"):
        words = _text(root / "sys/class/input" / entry / "capabilities/key").split()
        path = _device(root, root / "sys/class/input" / entry)
        if words and int(words[-1], 16) & _KEYBOARD == _KEYBOARD and _is_hardware(path):
            yield path


def _is_hardware(path: str) -> bool:
    """Whether somebody can press its keys: it is of a bus, or of a Bluetooth device behind uhid."""
    return "/virtual/" not in path or path.startswith(_BLUETOOTH)


def _root_disks(root: Path) -> Iterator[str]:
    for line in _text(root / "proc/self/mountinfo").splitlines():
        fields = line.split()
        if len(fields) < 9 or fields[4] != "/":
            continue
        number, source = fields[2], fields[fields.index("-") + 2]
        if number.startswith("0:"):  # of a file system that has several disks, as btrfs
            number = _number(root / source.lstrip("/"))
        yield from _disks(root, root / "sys/dev/block" / number, set())


def _disks(root: Path, block: Path, seen: set[str]) -> Iterator[str]:
    """A block device, and what it is made of."""
    path = _device(root, block)
    if not path or path in seen:
        return
    seen.add(path)
    slaves = _names(block / "slaves")
    for slave in slaves:
        yield from _disks(root, block / "slaves" / slave, seen)
    if not slaves:
        yield path


def _links(root: Path) -> Iterator[str]:
    names = set()
    for line in _text(root / "proc/net/route").splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == fields[7] == _DEFAULT:
            names.add(fields[0])
    for line in _text(root / "proc/net/ipv6_route").splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[:2] == [_DEFAULT_6, "00"] and fields[9] != "lo":
            names.add(fields[9])
    for name in names:
        yield from _lower(root, root / "sys/class/net" / name, set())


def _lower(root: Path, link: Path, seen: set[str]) -> Iterator[str]:
    """A network interface, and those below a bridge, a bond or a VLAN."""
    path = _device(root, link)
    if not path or path in seen:
        return
    seen.add(path)
    below = [name for name in _names(link) if name.startswith("lower_")]
    for name in below:
        yield from _lower(root, link / name, seen)
    if not below:
        yield path


def _device(root: Path, link: Path) -> str:
    """Where a link of sysfs leads, as a path of the machine; empty: nowhere."""
    path = os.path.realpath(link)
    inside = path.removeprefix(str(root).rstrip("/"))
    return inside if inside.startswith("/sys/devices/") else ""


def _number(node: Path) -> str:
    try:
        found = node.stat()
    except OSError:
        return "0:0"
    if not stat.S_ISBLK(found.st_mode):
        return "0:0"
    return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
