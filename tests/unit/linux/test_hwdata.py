"""Names out of usb.ids and pci.ids."""

import re
from pathlib import Path

import pytest

from runtime.linux import hwdata
from runtime.linux.hwdata import IdList, Names
from runtime.model.device import Device

LIST = IdList(
    b"# comment\n\n046d  Logitech, Inc.\n\tc31c  Keyboard K120\n\t\t01  an interface\n"
    b"# between\n\tc52b  Unifying \xff Receiver\n046e  Behavior Tech.\n\tc31d  Other\n\n"
    b"C 03  Human Interface Device\n\t01  Boot\n"
)


@pytest.mark.parametrize(
    ("vendor", "product", "names"),
    [
        (0x046D, 0xC31C, ("Logitech, Inc.", "Keyboard K120")),
        (0x046D, 0xC52B, ("Logitech, Inc.", "Unifying \ufffd Receiver")),
        (0x046D, 0xC31D, ("Logitech, Inc.", "")),
        (0x046E, 0xC31D, ("Behavior Tech.", "Other")),
        (0x0001, 0x0001, ("", "")),
        (0xFFFFFFFF, 0xFFFFFFFF, ("", "")),
    ],
)
def test_names_of_a_list(vendor: int, product: int, names: tuple[str, str]) -> None:
    assert LIST.names(vendor, product) == names


def test_the_first_folder_that_has_a_list_counts(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "pci.ids").write_bytes(b"8086  Intel\n\t1234  Chip")
    folders = [tmp_path / "first", tmp_path / "second"]
    assert hwdata.read_list("pci.ids", folders).names(0x8086, 0x1234) == Names("Intel", "Chip")
    assert hwdata.read_list("usb.ids", folders).names(0x8086, 0x1234) == Names("", "")


def test_udevs_names_stay_and_only_devices_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hwdata, "usb", lambda: LIST)
    told = {"PRODUCT": "46d/c31c/6400"}
    key = Device("/sys/devices/k", "1-1", "usb", "usb_device", properties=told)
    named = hwdata.named(key).properties
    assert named == told | {hwdata.VENDOR: "Logitech, Inc.", hwdata.MODEL: "Keyboard K120"}
    mine = Device("k", "1-1", "usb", "usb_device", properties=told | {hwdata.VENDOR: "Mine"})
    assert hwdata.named(mine) is mine
    part = Device("k", "1-1:1.0", "usb", "usb_interface", properties=told)
    assert hwdata.named(part) is part


def test_every_line_of_the_real_lists_is_found(corpora: Path) -> None:
    for name in ("usb.ids", "pci.ids"):
        data = (corpora / "idtables" / "debian-bookworm" / name).read_bytes()
        names = IdList(data)
        vendor, known, found = 0, "", 0
        for line in data.decode("utf-8", "replace").split("\n"):
            if match := re.fullmatch(r"([0-9a-f]{4})  (.*)", line):
                vendor, known = int(match[1], 16), match[2]
            elif re.match("[A-Z]", line):
                break  # classes and languages follow
            elif match := re.fullmatch(r"\t([0-9a-f]{4})  (.*)", line):
                found += 1
                if found % 50 == 0:
                    expected = (known.strip()[:128], match[2].strip()[:128])
                    assert names.names(vendor, int(match[1], 16)) == expected
        assert found > 10_000
