"""docs/registry.md says what the mapping tables say."""

import re
from pathlib import Path

from runtime.interchange import udev_reader
from runtime.interchange.registry_file import Warnings
from runtime.model.device import Device
from runtime.model.sysfs import ATTRIBUTES
from runtime.registry import mapping_tables as tables
from runtime.registry.mapping import device_class

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "registry.md"


def _rows() -> set[str]:
    classes = {f"| {sub} | {kind} | {cls} |" for (sub, kind), cls in tables.DEVICE_CLASSES.items()}
    named = {f"| {sub} | named `{stem}…` | {cls} |" for sub, stem, cls in tables.NAMED_CLASSES}
    drivers = {f"| {driver} | {cls} |" for driver, cls in tables.DRIVER_CLASSES.items()}
    keys = {
        f"| {sub} | {key.attribute} | {key.key} | {key.form} |"
        for sub, keys in tables.ATTRIBUTE_KEYS.items()
        for key in keys
    }
    read = {
        f"- {sub}: " + ", ".join(f"`{name}`" for name in names) for sub, names in ATTRIBUTES.items()
    }
    return classes | named | drivers | keys | read


def test_every_row_of_the_tables_is_in_the_document() -> None:
    lines = set(DOCUMENT.read_text().splitlines())
    assert _rows() - lines == set()


def test_the_document_has_no_row_of_its_own() -> None:
    text = DOCUMENT.read_text()
    after = text[text.index("## Classes") : text.index("## Buses with drivers")]
    head = {"| subsystem | type | class |", "| kernel driver | class |"}
    head.add("| subsystem | attribute | key | form |")
    rows = {line for line in after.splitlines() if line.startswith("| ")}
    assert rows - head - _rows() == set()


def test_the_document_names_the_buses_with_drivers() -> None:
    text = DOCUMENT.read_text().partition("## Buses with drivers")[2].partition("## ")[0]
    assert set(re.findall(r"`(\S+?)`", text)) == tables.DRIVEN_BUSES


def test_every_subsystem_of_real_machines_is_in_a_table(corpora: Path) -> None:
    others = DOCUMENT.read_text().partition("## Other subsystems")[2]
    built = dict(re.findall(r"^\| (\S+) \| (IO\w+) \|", others, re.MULTILINE))
    rows = {sub for sub, _ in tables.DEVICE_CLASSES} | {sub for sub, _, _ in tables.NAMED_CLASSES}
    found: set[str] = set()
    for path in corpora.glob("machines*/**/*udev*/**/*.txt"):
        data = path.read_bytes()
        if udev_reader.looks_like(data):
            found |= {device.subsystem for device in udev_reader.read(data, Warnings())}
    assert len(found) > 100
    assert found - rows - built.keys() == set()
    for subsystem, cls in built.items():
        assert device_class(Device("/sys/devices/x", "x", subsystem)) == cls
        assert subsystem not in rows
