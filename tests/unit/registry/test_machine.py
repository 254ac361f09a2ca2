"""The machine's devices in the tree: plug, unplug, bind, move, resync."""

import msgspec

from runtime.model import events, properties
from runtime.model.device import Action, Device, Uevent
from runtime.model.entry import Holder, Kind
from runtime.model.identity import EntryId
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

PCI = "/sys/devices/pci0000:00/0000:00:14.0"
HUB = f"{PCI}/usb1"
KEY = f"{HUB}/1-2"


def _devices() -> list[Device]:
    usb = {"product": "Key", "busnum": "1", "devnum": "4"}
    return [
        Device(PCI, "0000:00:14.0", "pci", driver="xhci_hcd"),
        Device(HUB, "usb1", "usb", "usb_device", "usb", PCI, {}, {"product": "xHCI"}),
        Device(KEY, "1-2", "usb", "usb_device", "usb", HUB, {}, usb),
        Device(f"{KEY}/1-2:1.0", "1-2:1.0", "usb", "usb_interface", "", KEY),
        Device("/sys/devices/virtual/net/lo", "lo", "net"),
    ]


class Bench:
    """A registry with a machine in it, and what it emitted."""

    def __init__(self) -> None:
        self.told: list[tuple[events.Detail, int, str]] = []
        self.registry = Registry(lambda: 0, lambda _change: None)
        self.changed: list[EntryId] = []
        self.machine = Machine(
            self.registry, lambda *event: self.told.append(event), "Box", self.changed.append
        )
        self.machine.load(_devices())

    def id(self, syspath: str) -> EntryId:
        found = self.machine.entry_of(syspath)
        assert found is not None
        return found

    def paths(self) -> list[str]:
        return [self.registry.path(entry.id) for entry in self.registry.walk()]

    def apply(self, action: Action, device: Device) -> None:
        self.machine.apply(Uevent(action, device))


def test_load_makes_the_sysfs_tree_and_says_nothing() -> None:
    bench = Bench()
    assert bench.told == []
    assert bench.paths() == [
        "IOService:/",
        "IOService:/Box",
        "IOService:/Box/IOResources",
        "IOService:/Box/IOUserResources",
        "IOService:/Box/IOPMrootDomain",
        "IOService:/Box/pci0000:00",
        "IOService:/Box/pci0000:00/0000:00:14.0@14",
        "IOService:/Box/pci0000:00/0000:00:14.0@14/xhci_hcd",
        "IOService:/Box/pci0000:00/0000:00:14.0@14/xHCI@01000000",
        "IOService:/Box/pci0000:00/0000:00:14.0@14/xHCI@01000000/usb",
        "IOService:/Box/pci0000:00/0000:00:14.0@14/xHCI@01000000/Key@01200000",
        "IOService:/Box/pci0000:00/0000:00:14.0@14/xHCI@01000000/Key@01200000/usb",
        "IOService:/Box/pci0000:00/0000:00:14.0@14/xHCI@01000000/Key@01200000/IOUSBHostInterface@0",
        "IOService:/Box/virtual",
        "IOService:/Box/virtual/net",
        "IOService:/Box/virtual/net/lo",
    ]


def test_unplug_tells_children_first_and_empty_folders_go() -> None:
    bench = Bench()
    bench.apply(Action.REMOVE, Device(KEY, "1-2", "usb", "usb_device"))
    assert [event.name for event, _, _ in bench.told if isinstance(event, events.Unplugged)] == [
        "IOUSBHostInterface",
        "Key",
    ]
    bench.apply(Action.REMOVE, Device("/sys/devices/virtual/net/lo", "lo", "net"))
    assert not any("virtual" in path for path in bench.paths())
    bench.told.clear()
    bench.apply(Action.REMOVE, Device(KEY, "1-2", "usb", "usb_device"))
    assert bench.told == []


def test_bind_and_unbind_make_and_remove_the_drivers_service() -> None:
    bench = Bench()
    interface = _devices()[3]
    bound = msgspec.structs.replace(interface, driver="usbhid")
    bench.apply(Action.BIND, bound)
    device = bench.registry.entry(bench.id(interface.syspath))
    (service,) = (bench.registry.entry(child) for child in bench.registry.children(device.id))
    assert (device.holder, device.driver) == (Holder.KERNEL, "usbhid")
    assert (service.kind, service.cls) == (Kind.KERNEL_DRIVER, "IOUSBHostHIDDevice")
    bench.apply(Action.UNBIND, interface)
    assert bench.registry.children(device.id) == []
    assert bench.registry.entry(device.id).holder == Holder.NOBODY
    assert [event for event, _, _ in bench.told] == [
        events.Bound("IOUSBHostInterface", "usbhid"),
        events.Bound("IOUSBHostInterface", ""),
    ]


def test_an_extensions_hold_outlives_kernel_binding() -> None:
    bench = Bench()
    interface = _devices()[3]
    entry = bench.id(interface.syspath)
    bench.registry.set_holder(entry, Holder.EXTENSION, "My", 7)
    bench.apply(Action.BIND, msgspec.structs.replace(interface, driver="usbfs"))
    assert bench.registry.entry(entry).driver == "My"
    bench.machine.give_back(entry)
    shown = bench.registry.entry(entry)
    assert (shown.holder, shown.driver, shown.pid) == (Holder.KERNEL, "usbfs", 0)


def test_same_event_twice_changes_nothing() -> None:
    bench = Bench()
    before = list(bench.registry.walk())
    for device in _devices():
        bench.apply(Action.ADD, device)
        bench.apply(Action.CHANGE, device)
    assert list(bench.registry.walk()) == before
    assert (bench.told, bench.changed) == ([], [])


def test_a_present_device_that_says_something_else_is_told_of() -> None:
    bench = Bench()
    key = bench.id(KEY)
    said = msgspec.structs.replace(_devices()[2], properties={"ID_INPUT": "1"})
    bench.apply(Action.CHANGE, said)
    assert (bench.changed, bench.told) == ([key], [])
    bench.apply(Action.BIND, msgspec.structs.replace(said, driver="usbhid"))
    assert bench.changed == [key, key]
    bench.machine.resync([d for d in _devices() if d.syspath != KEY] + [_devices()[2]], "ENOBUFS")
    assert bench.changed == [key, key, key]


def test_a_change_keeps_what_others_say_of_a_device() -> None:
    bench = Bench()
    key = bench.id(KEY)
    said = msgspec.structs.replace(_devices()[2], properties={"OLD": "1"})
    bench.apply(Action.CHANGE, said)
    bench.registry.merge_properties(key, {"IORematchCount": 2})
    bench.apply(Action.CHANGE, msgspec.structs.replace(said, properties={"NEW": "1"}))
    shown = properties.decode(bench.registry.entry(key).props)
    assert (shown["IORematchCount"], shown["NEW"]) == (2, "1")
    assert "OLD" not in shown


def test_nobody_ever_drives_a_device_of_a_class() -> None:
    bench = Bench()
    lo = bench.id("/sys/devices/virtual/net/lo")
    assert bench.registry.entry(lo).holder == Holder.UNDRIVABLE
    interface = bench.id(f"{KEY}/1-2:1.0")
    assert bench.registry.entry(interface).holder == Holder.NOBODY
    bench.registry.set_holder(lo, Holder.EXTENSION, "My", 7)
    bench.machine.give_back(lo)
    assert bench.registry.entry(lo).holder == Holder.UNDRIVABLE


def test_move_keeps_ids_of_device_and_children() -> None:
    bench = Bench()
    old, new = "/sys/devices/virtual/net/lo", "/sys/devices/virtual/net/wan"
    child = Device(f"{old}/lower", "lower", "x", parent=old)
    bench.apply(Action.ADD, child)
    ids = bench.id(old), bench.id(child.syspath)
    bench.apply(
        Action.MOVE, Device(new, "wan", "net", properties={"DEVPATH_OLD": old.removeprefix("/sys")})
    )
    assert ids == (bench.id(new), bench.id(f"{new}/lower"))
    assert bench.machine.entry_of(old) is None
    assert bench.registry.path(ids[0]) == "IOService:/Box/virtual/net/wan"
    bench.apply(Action.REMOVE, Device(new, "wan", "net"))
    assert bench.registry.get(ids[1]) is None


def test_resync_keeps_ids_and_counts() -> None:
    bench = Bench()
    kept = bench.id(HUB)
    after = [device for device in _devices() if not device.syspath.startswith(KEY)]
    after.append(Device("/sys/devices/virtual/net/tun0", "tun0", "net"))
    after[-2] = msgspec.structs.replace(after[-2], attributes={"mtu": "9000"})
    result = bench.machine.resync(after, "ENOBUFS")
    assert result == events.Resynced("ENOBUFS", added=1, removed=2, changed=1)
    assert bench.id(HUB) == kept
    assert bench.machine.entry_of(f"{KEY}/1-2:1.0") is None
    again = bench.machine.resync(after, "ENOBUFS")
    assert again == events.Resynced("ENOBUFS", 0, 0, 0)


def test_a_child_waits_for_its_parent() -> None:
    bench = Bench()
    parent = Device("/sys/devices/platform/a", "a", "platform", driver="late")
    child = Device("/sys/devices/platform/a/x/b", "b", "platform", parent=parent.syspath)
    other = Device("/sys/devices/platform/a/x/c", "c", "platform", parent=parent.syspath)
    bench.apply(Action.ADD, child)
    bench.apply(Action.ADD, other)
    bench.apply(Action.REMOVE, other)
    assert bench.machine.entry_of(child.syspath) is None
    bench.apply(Action.ADD, parent)
    assert bench.registry.path(bench.id(child.syspath)) == "IOService:/Box/platform/a/b"
    assert bench.machine.entry_of(other.syspath) is None
    assert [event.name for event, _, _ in bench.told if isinstance(event, events.Plugged)] == [
        "a",
        "b",
    ]


def test_equal_names_side_by_side_get_apart() -> None:
    bench = Bench()
    for number in ("0001", "0002"):
        sysname = f"0003:046D:C31C.{number}"
        path = f"/sys/devices/virtual/misc/uhid/{sysname}"
        bench.apply(Action.ADD, Device(path, sysname, "hid", properties={"HID_NAME": "Pad"}))
    paths = [path for path in bench.paths() if "Pad" in path]
    assert [path.rpartition("/")[2] for path in paths] == ["Pad", "Pad@0003:046D:C31C.0002"]
