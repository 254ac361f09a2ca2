"""A machine's udev database as a fake sysfs gives the live registry that the file gives."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.interchange.json_form import as_object
from runtime.reader.load import open_registry

MACHINES = ("RPI3B", "XEON", "HP_ELITEBOOK_835_13_INCH_G10")
UDEVDS_OWN = {"DEVLINKS", "USEC_INITIALIZED", "TAGS", "CURRENT_TAGS"}
"""What libudev makes of udevd's files in /run, which a fake sysfs does not have."""


def _record(block: str) -> dict[str, str] | None:
    """The properties of a device's record, with its path as `P`; None for another."""
    found = dict(re.findall(r"^E: ([^=\n]+)=(.*)$", block, re.MULTILINE))
    path = re.search(r"^P: (/devices/.*)$", block, re.MULTILINE)
    if path is None or "SUBSYSTEM" not in found:
        return None
    kept = {key: value for key, value in found.items() if key not in UDEVDS_OWN}
    return {"P": path[1], **kept}


def _records(text: str) -> list[dict[str, str]]:
    """The devices that umockdev takes: of one bus, only one of each name."""
    made: dict[tuple[str, str], dict[str, str]] = {}
    for block in re.split(r"\n\s*\n", text):
        record = _record(block)
        if record is not None:
            made.setdefault((record["SUBSYSTEM"], record["P"].rpartition("/")[2]), record)
    return sorted(made.values(), key=lambda record: (record["P"].count("/"), record["P"]))


def _lines(record: dict[str, str], *, driver: bool) -> str:
    lines = [f"P: {record['P']}"]
    lines += [f"E: {key}={value}" for key, value in record.items() if key != "P"]
    if driver and record.get("DRIVER"):
        lines.append(f"L: driver=../../bus/{record['SUBSYSTEM']}/drivers/{record['DRIVER']}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", MACHINES)
def test_live_and_file_are_equal(
    corpora: Path, tmp_path: Path, under: Callable[..., str], name: str
) -> None:
    (source,) = corpora.glob(f"machines/**/udevadm_data/{name}.txt")
    records = _records(source.read_text("utf-8", "replace").replace("\r\n", "\n"))
    database, fake = tmp_path / "database.txt", tmp_path / "machine.umockdev"
    database.write_text("\n".join(_lines(record, driver=False) for record in records))
    fake.write_text("\n".join(_lines(record, driver=True) for record in records))
    live = json.loads(under(str(fake), str(Path(__file__).with_name("show_live.py"))))
    file = [as_object(entry) for entry in open_registry(database).entries]
    assert len(live) == len(file) > 100
    for one, other in zip(live, file, strict=True):
        assert one == other
