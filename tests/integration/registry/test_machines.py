"""Whole machines of other people, from their udev databases, become registries."""

import gzip
import re
from pathlib import Path

from runtime.model import properties
from runtime.model.device import Device
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry


def _text(path: Path) -> str:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def _devices(text: str) -> list[Device]:
    """The records of `udevadm info --export-db`, parents first."""
    found: dict[str, dict[str, str]] = {}
    for block in re.split(r"\n\s*\n", text):
        path = re.search(r"^P: (.*)$", block, re.MULTILINE)
        values = dict(re.findall(r"^E: ([^=\n]+)=(.*)$", block, re.MULTILINE))
        if path and path[1].startswith("/devices/") and "SUBSYSTEM" in values:
            found["/sys" + path[1].strip()] = values
    return [_device(path, found) for path in sorted(found)]


def _device(path: str, found: dict[str, dict[str, str]]) -> Device:
    values = found[path]
    above = path.rpartition("/")[0]
    while above and above not in found:
        above = above.rpartition("/")[0]
    return Device(
        path,
        path.rpartition("/")[2],
        values["SUBSYSTEM"],
        values.get("DEVTYPE", ""),
        values.get("DRIVER", ""),
        above,
        values,
    )


def test_every_machine_becomes_a_registry(corpora: Path) -> None:
    files = [
        *corpora.glob("machines/**/udevadm_data/*.txt*"),
        *corpora.glob("machines_wacom/**/*udev*"),
    ]
    machines = 0
    for path in files:
        devices = _devices(_text(path)) if path.is_file() else []
        if not devices:
            continue
        registry = Registry(lambda: 0, lambda _change: None)
        machine = Machine(registry, lambda *_event: None)
        machine.load(devices)
        paths = [registry.path(entry.id) for entry in registry.walk()]
        assert len(set(paths)) == len(paths), path
        for device in devices:
            entry = machine.entry_of(device.syspath)
            assert entry is not None, (path, device.syspath)
            shown = properties.decode(registry.entry(entry).props)
            assert shown["LinuxSubsystem"] == device.subsystem
            assert set(device.properties) <= set(shown)
        machines += 1
    assert machines > 50, "the folder has more machines than were read"
