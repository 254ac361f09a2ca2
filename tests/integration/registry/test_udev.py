"""The machine's own devices and events, with its real kernel.

Other tests that run meanwhile make events of `lo` and network interfaces, too.
"""

import os
import select
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runtime.linux import sysfs
from runtime.linux.udev import DeviceMonitor, enumerate_devices, read_device
from runtime.model.device import Action, Device, Uevent
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

LO = "/sys/devices/virtual/net/lo"
SECONDS = 10.0

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may write uevent files")


@pytest.fixture
def monitor() -> Iterator[DeviceMonitor]:
    with closing(DeviceMonitor()) as made:
        yield made


def _poke(action: str = "change") -> None:
    Path(f"{LO}/uevent").write_text(action)


def _next(monitor: DeviceMonitor) -> list[Uevent]:
    """The events of `lo` that come next."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        select.select([monitor], [], [], deadline - time.monotonic())
        events, lost = monitor.drain()
        assert lost == ""
        mine = [event for event in events if event.device.syspath == LO]
        if mine:
            return mine
    raise TimeoutError(f"{LO}: no event within {SECONDS} s")


def _lasts(syspath: str) -> bool:
    """Whether it is none of the network interfaces that others may make or remove now."""
    return syspath == LO or not syspath.startswith("/sys/devices/virtual/net/")


def _lasting_devices() -> list[Device]:
    return [device for device in enumerate_devices() if _lasts(device.syspath)]


def test_parents_come_first_and_every_device_of_sysfs_is_there() -> None:
    seen: set[str] = set()
    for device in _lasting_devices():
        assert device.parent == "" or device.parent in seen
        seen.add(device.syspath)
    listed = {
        str(link.resolve())
        for kind in ("class", "bus")
        for link in Path("/sys", kind).glob("*/*" if kind == "class" else "*/devices/*")
        if (link / "subsystem").exists()
    }
    assert {path for path in listed if path.startswith("/sys/devices/") and _lasts(path)} == seen


def test_read_device_agrees_with_enumeration() -> None:
    for device in _lasting_devices()[::7]:
        assert read_device(device.syspath) == device


@pytest.mark.parametrize("path", ["/sys/devices/absent", "/sys/devices", "/etc", f"{LO}/queues"])
def test_what_is_no_device_is_none(path: str) -> None:
    assert read_device(path) is None


@needs_root
def test_an_event_carries_the_device_as_it_is(monitor: DeviceMonitor) -> None:
    _poke()
    told = Uevent(Action.CHANGE, read_device(LO) or pytest.fail("lo is gone"))
    for event in _next(monitor):
        assert event == told
        assert "SEQNUM" not in event.device.properties


@needs_root
def test_drain_takes_everything_that_waits(monitor: DeviceMonitor) -> None:
    for _ in range(50):
        _poke()  # the event waits when this returns
    assert len(monitor.drain().events) >= 50


@needs_root
def test_a_limited_drain_leaves_the_rest_readable(monitor: DeviceMonitor) -> None:
    for _ in range(20):
        _poke()
    seen = 0
    while seen < 20:
        assert select.select([monitor], [], [], SECONDS)[0]
        events = monitor.drain(seconds=0).events
        assert len(events) <= 1
        seen += len([event for event in events if event.device.syspath == LO])


@needs_root
def test_a_storm_beyond_the_buffer_is_reported_and_resynced() -> None:
    with closing(DeviceMonitor(receive_buffer=4096)) as monitor:
        told: list[object] = []
        registry = Registry(time.monotonic_ns, lambda _change: None)
        machine = Machine(registry, lambda *event: told.append(event))
        machine.load(_lasting_devices())
        before = list(registry.walk())
        for _ in range(2000):
            _poke()
        assert select.select([monitor], [], [], SECONDS)[0]
        events, lost = monitor.drain()
        assert lost == "ENOBUFS"
        assert len(events) < 2000
        for event in events:
            machine.apply(event)
        result = machine.resync(_lasting_devices(), lost)
        assert (result.cause, result.added, result.removed) == ("ENOBUFS", 0, 0)
        assert [entry.id for entry in registry.walk()] == [entry.id for entry in before]
        _poke()
        assert _next(monitor)  # it listens on, and says so only once


@needs_root
def test_events_of_what_is_no_device_are_dropped(monitor: DeviceMonitor) -> None:
    module = next((path for path in Path("/sys/module").glob("*/uevent")), None)
    if module is None:
        pytest.skip("no module of this kernel has a uevent file")
    module.write_text("change")
    _poke()
    syspaths = {event.device.syspath for event in monitor.drain().events}
    assert LO in syspaths
    assert all(syspath.startswith("/sys/devices/") for syspath in syspaths)


def test_a_closed_monitor_says_so(monitor: DeviceMonitor) -> None:
    descriptor = monitor.fileno()
    monitor.close()
    monitor.close()
    with pytest.raises(ValueError, match="found it closed"):
        monitor.drain()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_attributes_are_bounded_text(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * (2 * sysfs.ATTRIBUTE_LIMIT) + b"\n")
    odd = tmp_path / "odd"
    odd.write_bytes(b"a\xff\n")
    assert sysfs.attribute(str(big)) == "x" * sysfs.ATTRIBUTE_LIMIT
    assert sysfs.attribute(str(odd)) == "a\udcff"
    assert sysfs.attribute(str(tmp_path / "absent")) is None
