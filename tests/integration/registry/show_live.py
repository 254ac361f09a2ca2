"""Child of the tests of whole machines: prints the live registry of its fake sysfs as JSON."""

import sys
import time

from runtime.interchange import json_form
from runtime.linux.udev import enumerate_devices
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

if __name__ == "__main__":
    registry = Registry(time.monotonic_ns, lambda _change: None)
    Machine(registry, lambda *_event: None).load(enumerate_devices())
    for line in json_form.lines(registry.walk()):
        sys.stdout.write(line + "\n")
