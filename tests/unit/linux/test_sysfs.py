"""What a device repeats of the one that it is part of."""

from pathlib import Path

from runtime.linux import sysfs


def test_a_hid_device_repeats_its_usb_interface_and_device(tmp_path: Path) -> None:
    hid = tmp_path / "1-2" / "1-2:1.0" / "0003:046D:C31C.0001"
    hid.mkdir(parents=True)
    (hid / "report_descriptor").write_bytes(b"\x05\x01")
    (hid.parent / "bInterfaceSubClass").write_text("01\n")
    (hid.parent / "bInterfaceProtocol").write_text("02\n")
    (hid.parent.parent / "bcdDevice").write_text("6400\n")
    assert sysfs.attributes(str(hid), "hid", "") == {
        "report_descriptor": "\x05\x01",
        "bInterfaceSubClass": "01",
        "bInterfaceProtocol": "02",
        "bcdDevice": "6400",
    }


def test_a_hid_device_of_another_transport_repeats_nothing(tmp_path: Path) -> None:
    hid = tmp_path / "uhid" / "0005:046D:B31C.0002"
    hid.mkdir(parents=True)
    assert sysfs.attributes(str(hid), "hid", "") == {}
