"""Child of the recorded-device tests: plug a recording in and out in a fake sysfs.

Run under `umockdev-wrapper`, with a recording and the syspath of the device in it; prints one
JSON object of what the machine saw.
"""

import ctypes
import json
import select
import sys
import time
from pathlib import Path

from runtime.linux.udev import DeviceMonitor, enumerate_devices
from runtime.model import properties, words
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

SECONDS = 10.0


class Testbed:
    """UMockdevTestbed through its C interface (libumockdev.so.0)."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libumockdev.so.0")
        for name in ("new", "add_from_file", "uevent", "remove_device"):
            getattr(self._library, f"umockdev_testbed_{name}").restype = ctypes.c_void_p
        self._testbed = ctypes.c_void_p(self._library.umockdev_testbed_new())

    def add(self, recording: str) -> None:
        """Add the devices of a recording; each emits `add`."""
        if not self._library.umockdev_testbed_add_from_file(
            self._testbed, recording.encode(), None
        ):
            raise OSError(f"{recording}: umockdev does not read it")

    def remove(self, syspath: str) -> None:
        """Emit `remove` and take the device away."""
        self._library.umockdev_testbed_uevent(self._testbed, syspath.encode(), b"remove")
        self._library.umockdev_testbed_remove_device(self._testbed, syspath.encode())


class Watch:
    """A machine that follows the monitor."""

    def __init__(self) -> None:
        self.monitor = DeviceMonitor()
        self.registry = Registry(time.monotonic_ns, lambda _change: None)
        self.told: list[str] = []
        self.machine = Machine(self.registry, self._tell, "Box")
        self.machine.load(enumerate_devices())

    def until(self, syspath: str, there: bool) -> None:
        """Apply events until the device is there, or gone, and nothing more waits."""
        deadline = time.monotonic() + SECONDS
        while (self.machine.entry_of(syspath) is not None) != there:
            left = deadline - time.monotonic()
            if not select.select([self.monitor], [], [], max(left, 0))[0]:
                raise TimeoutError(f"{syspath}: no event within {SECONDS} s")
            self.drain()
        while select.select([self.monitor], [], [], 0.2)[0]:
            self.drain()

    def drain(self) -> None:
        """Apply what waits."""
        events, lost = self.monitor.drain()
        assert not lost
        for event in events:
            self.machine.apply(event)

    def entries(self) -> list[dict[str, object]]:
        """Everything that is there."""
        return [
            {
                "path": self.registry.path(entry.id),
                "class": entry.cls,
                "driver": entry.driver,
                "properties": {
                    key: value
                    for key, value in properties.decode(entry.props).items()
                    if not isinstance(value, bytes)
                },
            }
            for entry in self.registry.walk()
        ]

    def _tell(self, detail: object, _entry: int, _path: str) -> None:
        self.told.append(words.text(detail))  # type: ignore[arg-type]  # every Detail is one


def main(recording: str, syspath: str) -> None:
    """Plug, list, unplug children first, list."""
    bed = Testbed()
    watch = Watch()
    result: dict[str, object] = {"source": watch.monitor.source}
    bed.add(recording)
    watch.until(syspath, there=True)
    result |= {"plugged": watch.entries(), "plug": list(watch.told)}
    watch.told.clear()
    enumerated = [device.syspath for device in enumerate_devices()]
    result["enumerated"] = enumerated
    for device in sorted(enumerated, reverse=True):
        if device.startswith(syspath):
            bed.remove(device)
    watch.until(syspath, there=False)
    result |= {"unplugged": watch.entries(), "unplug": watch.told}
    watch.monitor.close()
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), sys.argv[2])
