"""Devices and their events, through libudev (pyudev).

What counts as a device: everything below ``/sys/devices/`` that belongs to a bus or a class, as
libudev enumerates it. Events of modules, drivers, queues and other kernel objects are dropped:
nothing in the registry stands for them.
Source: libudev(3); kernel Documentation/admin-guide/sysfs-rules.rst; netlink(7) for ENOBUFS.
Invariant: no call waits; a lost event is always reported.
"""

import errno
import math
import select
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyudev
from pyudev._util import udev_list_iterate

from runtime.linux import hwdata, namespaces, sysfs
from runtime.linux.sysfs import SYSFS
from runtime.model.device import Action, Device, Uevent
from runtime.model.errors import UnavailableError

RECEIVE_BUFFER = 64 << 20  # bytes; about 60,000 events of 1 KiB while the loop is busy

_UDEVD = Path("/run/udev/control")
_DEAF = (
    "device events: expected those of the machine, found a container with a network of its own, "
    "which gets none: devices that come or go are not seen until the runtime is started again"
)
_ACTIONS = {action.value: action for action in Action}
_OF_THE_EVENT = frozenset({"ACTION", "SEQNUM", "SYNTH_UUID"})


class Drained(NamedTuple):
    """What `DeviceMonitor.drain` read.

    `lost` is empty, or why events are missing: ``ENOBUFS`` (the kernel dropped some) or
    ``POLLERR`` (the socket reported another error). Read the machine again then.
    """

    events: list[Uevent]
    lost: str


@cache
def _context() -> pyudev.Context:
    """The one libudev handle of this process."""
    try:
        return pyudev.Context()
    except ImportError as error:
        raise UnavailableError(
            "libudev: expected libudev.so.1, found none; install the package libudev1"
        ) from error


def enumerate_devices() -> list[Device]:
    """Read every device of the machine; parents come before their children.

    Raises:
        UnavailableError: libudev or sysfs is missing.
    """
    if not Path("/sys/bus").is_dir():
        raise UnavailableError("sysfs: expected a folder /sys/bus, found none; mount sysfs on /sys")
    found = {
        raw.sys_path: raw for raw in _context().list_devices() if raw.sys_path.startswith(SYSFS)
    }
    return [_device(found[path], _nearest(path, found)) for path in sorted(found)]


def read_device(syspath: str) -> Device | None:
    """Read one device; None when it is gone or is none (see the module's rule).

    Raises:
        UnavailableError: libudev is missing.
    """
    if not syspath.startswith(SYSFS) or not sysfs.is_device(syspath):
        return None
    try:
        raw = pyudev.Devices.from_sys_path(_context(), syspath)
    except pyudev.DeviceNotFoundError:
        return None
    return _device(raw, sysfs.parent(syspath))


class DeviceMonitor:
    """Listens for device events from its construction on.

    Construct it before `enumerate_devices`, so that no event falls between the two. It
    listens to udevd where one runs and else to the kernel. One thread; owns one descriptor.

    Attributes:
        source: ``udev`` or ``kernel``.
        deaf: Why no event will ever come, as a sentence; empty where they do.
    """

    def __init__(self, receive_buffer: int = RECEIVE_BUFFER) -> None:
        self.source = "udev" if _UDEVD.exists() else "kernel"
        try:
            self._monitor: pyudev.Monitor | None = pyudev.Monitor.from_netlink(
                _context(), self.source
            )
            _enlarge(self._monitor, receive_buffer)
            self._monitor.start()
        except OSError as error:
            raise UnavailableError(
                f"device events: expected a {self.source} netlink socket, found {error.strerror}"
            ) from error
        self.deaf = "" if namespaces.hears_of_devices() else _DEAF
        self._poll = select.poll()
        self._poll.register(self._monitor.fileno(), select.POLLIN)

    def fileno(self) -> int:
        """The descriptor to wait on for reading.

        Raises:
            ValueError: The monitor is closed.
        """
        return self._open().fileno()

    def drain(self, seconds: float = math.inf) -> Drained:
        """Read every waiting event, or those of so many seconds and one; never waits for one.

        Never raises for a loss. A device with several events is read from sysfs once, as it is
        now. The descriptor stays readable while events are left.
        """
        end = time.monotonic() + seconds
        monitor = self._open()
        lost = "POLLERR" if self._pending() & select.POLLERR else ""
        seen: dict[str, Device | None] = {}
        events: list[Uevent] = []
        failed, on_time = False, True
        while on_time:
            on_time = time.monotonic() < end
            try:
                raw = monitor._receive_device()
            except OSError as error:
                if failed:
                    break  # twice running: the next turn goes on
                lost, failed = "ENOBUFS" if error.errno == errno.ENOBUFS else "POLLERR", True
                continue
            if raw is None:
                break
            failed = False
            event = _uevent(raw, seen)
            if event is not None:
                events.append(event)
        return Drained(events, lost)

    def close(self) -> None:
        """Stop listening; a second call does nothing."""
        self._monitor = None  # libudev closes the socket with its last reference

    def _open(self) -> pyudev.Monitor:
        if self._monitor is None:
            raise ValueError("device monitor: expected an open one, found it closed")
        return self._monitor

    def _pending(self) -> int:
        return next((event for _, event in self._poll.poll(0)), 0)


def _enlarge(monitor: pyudev.Monitor, size: int) -> None:
    """Set the receive buffer; an ordinary user is held to the system's default."""
    try:
        monitor.set_receive_buffer_size(size)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise


def _uevent(raw: pyudev.Device, seen: dict[str, Device | None]) -> Uevent | None:
    """The event as a value; None where it concerns no device of the registry."""
    action = _ACTIONS.get(raw.action or "")
    syspath = raw.sys_path
    if action is None or not syspath.startswith(SYSFS):
        return None
    if action is Action.REMOVE:
        return Uevent(action, _named(raw))
    if syspath not in seen:
        seen[syspath] = read_device(syspath)
    device = seen[syspath]
    if device is None:
        return None  # gone again: its REMOVE follows
    if action is Action.MOVE:  # only the event knows from where
        old = {"DEVPATH_OLD": _properties(raw).get("DEVPATH_OLD", "")}
        device = msgspec.structs.replace(device, properties=device.properties | old)
    return Uevent(action, device)


def _named(raw: pyudev.Device) -> Device:
    return Device(raw.sys_path, raw.sys_name, raw.subsystem or "", raw.device_type or "")


def _device(raw: pyudev.Device, parent: str) -> Device:
    syspath = raw.sys_path
    subsystem, devtype = raw.subsystem or "", raw.device_type or ""
    properties = _properties(raw)
    device = Device(
        syspath=syspath,
        sysname=raw.sys_name,
        subsystem=subsystem,
        devtype=devtype,
        driver=sysfs.driver(syspath),
        parent=parent,
        properties=properties,
        attributes=sysfs.attributes(syspath, subsystem, devtype),
        providers=sysfs.providers(syspath, subsystem),
        firmware=sysfs.firmware(syspath, subsystem, properties),
    )
    return hwdata.named(device)


def _properties(raw: pyudev.Device) -> dict[str, str]:
    """All properties in libudev's order, undecodable bytes escaped (pyudev would raise)."""
    libudev = raw._libudev
    listed = udev_list_iterate(libudev, libudev.udev_device_get_properties_list_entry(raw))
    decoded = (
        (key.decode("utf-8", "surrogateescape"), (value or b"").decode("utf-8", "surrogateescape"))
        for key, value in listed
    )
    return {key: value for key, value in decoded if key not in _OF_THE_EVENT}


def _nearest(syspath: str, known: dict[str, pyudev.Device]) -> str:
    above = syspath.rpartition("/")[0]
    while len(above) > len(SYSFS):
        if above in known:
            return above
        above = above.rpartition("/")[0]
    return ""
