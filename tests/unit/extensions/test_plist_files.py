"""Personalities from files: every kind of file, its lines, and what is broken."""

import gzip
import plistlib
from pathlib import Path

import pytest

from runtime.extensions.plist_files import PRELINKED, read_sources
from runtime.extensions.plist_lines import key_lines
from runtime.model.errors import BundleError

TABLE = {"IOProviderClass": "IOUSBHostDevice", "IOUserClass": "D", "idVendor": "0x1209"}
INFO = {
    "CFBundleIdentifier": "com.example.driver",
    "CFBundlePackageType": "DEXT",
    "IOKitPersonalities": {"P": TABLE, "NoProvider": {"IOClass": "X"}},
}


def test_an_info_plist_with_what_editors_leave_around_it(tmp_path: Path) -> None:
    file = tmp_path / "Info.plist"
    file.write_bytes(b"\n\n" + plistlib.dumps(INFO) + b"\nleft over</plist>")
    (source,) = read_sources(file)
    assert (source.bundle_id, source.package_type) == ("com.example.driver", "DEXT")
    assert [each.name for each in source.personalities()] == ["P"]
    assert source.entitlements is None


def test_a_bundle_brings_its_entitlements(tmp_path: Path) -> None:
    (tmp_path / "Info.plist").write_bytes(plistlib.dumps(INFO))
    (tmp_path / "Entitlements.plist").write_bytes(plistlib.dumps({"key": True}))
    (source,) = read_sources(tmp_path)
    assert source.entitlements == {"key": True}


def test_a_folder_is_read_though_one_file_is_broken(tmp_path: Path) -> None:
    for name, data in (("a", b"<plist><dict>"), ("b", plistlib.dumps(INFO))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Info.plist").write_bytes(data)
    broken, good = read_sources(tmp_path)
    assert len(broken.complaints) == 1
    assert broken.path == str(tmp_path / "a" / "Info.plist")
    assert broken.complaints[0].startswith("expected a property list, found a broken one")
    assert set(good.tables) == {"P", "NoProvider"}


def test_a_prelinked_dictionary_plain_or_gzipped(tmp_path: Path) -> None:
    data = plistlib.dumps({PRELINKED: [INFO, {"CFBundleIdentifier": "com.example.none"}]})
    (tmp_path / "plain").write_bytes(data)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(data))
    for name in ("plain", "packed.gz"):
        first, second = read_sources(tmp_path / name)
        assert first.bundle_id == "com.example.driver"
        assert second.tables == {}


@pytest.mark.parametrize(
    "personalities", [5, {"P": 5}, {"P": {"deep": [[[[1.5]]]]}}, {"P": {"n": 1 << 63 << 1}}]
)
def test_one_bad_personality_is_said_and_left_out(tmp_path: Path, personalities: object) -> None:
    file = tmp_path / "Info.plist"
    try:
        file.write_bytes(plistlib.dumps({**INFO, "IOKitPersonalities": personalities}))
    except OverflowError:
        text = plistlib.dumps({**INFO, "IOKitPersonalities": {"P": {"n": 77}}})
        file.write_bytes(text.replace(b"77", b"99999999999999999999"))
    (source,) = read_sources(file)
    assert len(source.complaints) == 1
    assert source.personalities() == ()


@pytest.mark.parametrize("data", [b"", b"\x1f\x8bnonsense", b"<plist>", b"bplist00\xff", b"text"])
def test_what_is_no_property_list_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "Info.plist"
    file.write_bytes(data)
    with pytest.raises(BundleError, match="expected"):
        read_sources(file)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no Info"):
        read_sources(tmp_path)
    with pytest.raises(BundleError, match="No such file"):
        read_sources(tmp_path / "none")


def test_the_line_of_every_key() -> None:
    text = b"""
<plist version="1.0">
<dict>
 <key>IOKitPersonalities</key>
 <dict>
  <key>P</key>
  <dict>
   <key>idVendor</key> <integer>1</integer>
   <key>IOPropertyMatch</key>
   <array><dict><key>a</key><true/></dict></array>
  </dict>
 </dict>
</dict></plist>"""
    lines = key_lines(text)
    assert lines["IOKitPersonalities",] == 4
    assert lines["IOKitPersonalities", "P", "idVendor"] == 8
    assert lines["IOKitPersonalities", "P", "IOPropertyMatch", "a"] == 10
    assert key_lines(b"bplist00") == {}
    assert key_lines(text[:180])["IOKitPersonalities", "P"] == 6
