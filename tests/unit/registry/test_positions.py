"""Where devices stand in the other planes, and below further providers."""

import msgspec

from runtime.interchange.planes import planes_of, project
from runtime.model.device import Action, Device, Uevent
from runtime.model.entry import Entry
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

DISKS = "/sys/devices/pci0000:00/ata1"
MD = "/sys/devices/virtual/block/md0"
ON = {"power/runtime_status": "active"}


class Bench:
    """A machine whose tree can be asked for plane by plane."""

    def __init__(self, *devices: Device) -> None:
        self.registry = Registry(lambda: 0, lambda _change: None)
        self.machine = Machine(self.registry, lambda *_event: None, "Box")
        self.machine.load(devices)

    def apply(self, action: Action, device: Device) -> None:
        self.machine.apply(Uevent(action, device))
        self.check()

    def plane(self, name: str) -> list[str]:
        """Each entry of a plane, indented, as `ioreg` shows it."""
        depth: dict[int, int] = {0: -1}
        found = []
        for entry in project(list(self.registry.walk()), name):
            depth[entry.id] = depth[entry.parent] + 1
            found.append("  " * depth[entry.id] + entry.title)
        return found

    def check(self) -> None:
        """Places are of entries that are there, and `retain` counts every one of them."""
        entries = {entry.id: entry for entry in self.registry.walk()}
        for entry in entries.values():
            assert {place.parent for place in entry.places} <= set(entries)
        for entry in entries.values():
            children = sum(_parents(other).count(entry.id) for other in entries.values())
            assert entry.retain == 1 + len(entry.places) + children


def _parents(entry: Entry) -> list[int]:
    return [entry.parent, *(place.parent for place in entry.places)]


def _disk(name: str) -> Device:
    return Device(f"{DISKS}/{name}", name, "block")


def test_an_array_stands_below_each_of_its_disks() -> None:
    made_of = (f"{DISKS}/sda", f"{DISKS}/sdb")
    array = Device(MD, "md0", "block", providers=made_of)
    bench = Bench(_disk("sda"), array)
    bench.check()
    assert [line.strip() for line in bench.plane("IOService")].count("md0") == 2
    bench.apply(Action.ADD, _disk("sdb"))  # later than the array that it is in
    assert bench.plane("IOService")[5:] == [
        "    pci0000:00",
        "      ata1",
        "        sda",
        "          md0",
        "        sdb",
        "          md0",
        "    virtual",
        "      block",
        "        md0",
    ]
    bench.apply(Action.REMOVE, _disk("sda"))
    assert [line.strip() for line in bench.plane("IOService")].count("md0") == 2
    bench.apply(Action.CHANGE, msgspec.structs.replace(array, providers=()))
    assert [line.strip() for line in bench.plane("IOService")].count("md0") == 1


def _pci(name: str, **more: object) -> Device:
    fields = {"attributes": dict(ON), "parent": "", **more}
    return Device(f"/sys/devices/pci0000:00/{name}", name, "pci", **fields)  # type: ignore[arg-type]


GPU, AUDIO = _pci("0000:00:01.0"), _pci("0000:00:01.1")
LINK = Device(
    "/sys/devices/virtual/devlink/link",
    "pci:0000:00:01.0--pci:0000:00:01.1",
    "devlink",
)


def test_power_goes_from_device_to_device_and_along_device_links() -> None:
    off = Device(f"{GPU.syspath}/card0", "card0", "drm", parent=GPU.syspath)
    port = Device(f"{off.syspath}/i2c-1", "i2c-1", "i2c", parent=off.syspath, attributes=ON)
    bench = Bench(GPU, off, port, AUDIO)
    bench.check()
    assert bench.plane("IOPower") == [
        "Root",
        "  IOPMrootDomain",
        "    0000:00:01.0@1",
        "      i2c-1",
        "    0000:00:01.1@1,1",
    ]
    bench.apply(Action.ADD, LINK)
    assert bench.plane("IOPower")[2:] == [
        "    0000:00:01.0@1",
        "      i2c-1",
        "      0000:00:01.1@1,1",
        "    0000:00:01.1@1,1",
    ]
    bench.apply(Action.CHANGE, msgspec.structs.replace(GPU, attributes={}))
    assert bench.plane("IOPower")[2:] == ["    i2c-1", "    0000:00:01.1@1,1"]
    bench.apply(Action.CHANGE, GPU)
    assert len(bench.plane("IOPower")) == 6
    bench.apply(Action.REMOVE, LINK)
    assert len(bench.plane("IOPower")) == 5


def test_a_link_that_only_orders_probing_carries_no_power() -> None:
    bench = Bench(GPU, AUDIO, msgspec.structs.replace(LINK, attributes={"sync_state_only": "1"}))
    assert len(bench.plane("IOPower")) == 4


def test_firmware_names_devices_and_a_device_stands_before_its_acpi_node() -> None:
    nodes = "/sys/devices/LNXSYSTM:00"
    bridge = Device(nodes + "/PNP0A08:00", "PNP0A08:00", "acpi", firmware="\\_SB_.PCI0")
    node = Device(nodes + "/PNP0A08:00/device:1", "device:1", "acpi", firmware="\\_SB_.PCI0.XHC_")
    hub = Device(nodes + "/device:2", "device:2", "acpi", firmware="\\_SB_.PCI0.XHC_.RHUB")
    bench = Bench(bridge, node, hub)
    expected = ["Root", "  /", "    PCI0", "      XHC", "        RHUB"]
    assert bench.plane("IODeviceTree") == expected
    usb = _pci("0000:00:14.0", firmware="\\_SB_.PCI0.XHC_")
    bench.apply(Action.ADD, usb)
    assert bench.plane("IODeviceTree") == [*expected[:3], "      XHC@14", "        RHUB"]
    bench.apply(Action.REMOVE, usb)
    assert bench.plane("IODeviceTree") == expected
    assert planes_of(list(bench.registry.walk())) == ("IOService", "IODeviceTree", "IOPower")


def test_devicetree_paths_become_names_and_unit_addresses() -> None:
    soc = Device("/sys/devices/platform/soc", "soc", "platform", firmware="/soc")
    usb = Device(f"{soc.syspath}/7e98.usb", "7e98.usb", "platform", firmware="/soc/usb@7e980000")
    net = Device(f"{usb.syspath}/net/eth0", "eth0", "net", firmware="/soc/usb@7e980000")
    bench = Bench(soc, usb, net)
    bench.check()
    assert bench.plane("IODeviceTree") == ["Root", "  /", "    soc", "      usb@7e980000"]


def test_usb_devices_hang_below_their_hubs() -> None:
    hub = Device("/sys/devices/pci0000:00/usb1", "usb1", "usb", "usb_device")
    key = Device(f"{hub.syspath}/1-2", "1-2", "usb", "usb_device", parent=hub.syspath)
    part = Device(f"{key.syspath}/1-2:1.0", "1-2:1.0", "usb", "usb_interface", parent=key.syspath)
    bench = Bench(hub, key, part)
    bench.check()
    assert bench.plane("IOUSB") == [
        "Root",
        "  IOUSBRootHubDevice@01000000",
        "    IOUSBHostDevice@01200000",
    ]


def test_a_renamed_device_takes_its_places_along() -> None:
    port = Device("/sys/devices/virtual/net/eth7", "eth7", "net", attributes=ON)
    bridge = Device(
        "/sys/devices/virtual/net/br0", "br0", "net", providers=("/sys/devices/virtual/net/up0",)
    )
    bench = Bench(bridge, port)
    moved = Device(
        "/sys/devices/virtual/net/up0", "up0", "net", attributes=ON,
        properties={"DEVPATH_OLD": "/devices/virtual/net/eth7"},
    )  # fmt: skip
    bench.apply(Action.MOVE, moved)
    assert bench.plane("IOPower") == ["Root", "  IOPMrootDomain", "    up0"]
    assert [line.strip() for line in bench.plane("IOService")].count("br0") == 2
