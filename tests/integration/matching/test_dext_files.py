"""`dext explain` and `dext lint` as programs on files alone, without a runtime."""

import json
import plistlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MACHINE = """\
P: /devices/pci0000:00/0000:00:14.0/usb1
E: DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DRIVER=usb

P: /devices/pci0000:00/0000:00:14.0/usb1/1-1
E: DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-1
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DRIVER=usb
E: PRODUCT=1209/1/100

P: /devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0
E: DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
E: DRIVER=usbhid
E: PRODUCT=1209/1/100
E: INTERFACE=3/1/1
E: MODALIAS=usb:v1209p0001d0100dc00dsc00dp00ic03isc01ip01in00
"""
ALIASES = """\
alias usb:v*p*d*dc*dsc*dp*ic03isc*ip*in* usbhid
alias usb:v1209p0001d*dc*dsc*dp*ic*isc*ip*in* special
"""


def info(**keys: object) -> bytes:
    table = {
        "IOClass": "IOUserService",
        "IOProviderClass": "IOUSBHostInterface",
        "IOUserClass": "DriverClass",
        "IOUserServerName": "com.example.driver",
        **keys,
    }
    return plistlib.dumps(
        {
            "CFBundleIdentifier": "com.example.driver",
            "CFBundlePackageType": "DEXT",
            "IOKitPersonalities": {"Driver": table},
        }
    )


def dext(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runtime.commands.dext", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    machine, aliases, plist = (
        tmp_path / name for name in ("machine.txt", "modules.alias", "Info.plist")
    )
    machine.write_text(MACHINE)
    aliases.write_text(ALIASES)
    plist.write_bytes(info(bInterfaceClass=3, bInterfaceSubClass=1))
    return machine, aliases, plist


def test_explain_ranks_kernel_modules_and_extensions_of_files(
    files: tuple[Path, Path, Path],
) -> None:
    machine, aliases, plist = files
    done = dext(
        "explain", "--from", machine, "--catalogue", aliases, "--catalogue", plist, "--json"
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert list(rows[0]) == [
        "provider", "personality", "bundle", "stage", "matched", "score", "score_parts",
        "category", "winner", "failing_key", "wanted", "found", "reason",
    ]  # fmt: skip
    interface = [row for row in rows if row["provider"].endswith("IOUSBHostInterface@0")]
    assert [(row["personality"], row["score"], row["winner"]) for row in interface] == [
        ("special", 89_000, False),
        ("Driver", 50_000, True),
        ("usbhid", 49_000, False),
    ]
    assert interface[1]["score_parts"] == {"bInterfaceClass + bInterfaceSubClass": 50_000}
    assert interface[1]["reason"].endswith("it would replace usbhid")
    assert interface[2]["score_parts"] == {
        "bInterfaceClass + subclass": 50_000,
        "any subclass": -1000,
    }


def test_explain_one_personality_on_one_provider(files: tuple[Path, Path, Path]) -> None:
    machine, _, plist = files
    plist.write_bytes(info(bInterfaceClass=8, bInterfaceSubClass=6))
    for name in ("Driver", "DriverClass", "com.example.driver"):
        done = dext(
            "explain", "--from", machine, "--catalogue", plist,
            "--provider", "IOUSBHostInterface", "--personality", name,
        )  # fmt: skip
        assert done.returncode == 0
        assert "bInterfaceClass has to be 8, the device has 3" in done.stdout
    none = dext("explain", "--from", machine, "--catalogue", plist, "--provider", "IONothing")
    assert none.returncode == 1
    assert none.stderr.startswith("dext: --provider IONothing: expected")
    nobody = dext("explain", "--from", machine, "--catalogue", plist, "--personality", "nobody")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert nobody.stderr.startswith("dext: --personality nobody: expected")


def test_explain_begins_with_what_a_personality_matches(files: tuple[Path, Path, Path]) -> None:
    machine, _, plist = files
    interface = MACHINE[MACHINE.rindex("P: ") :]
    storage = MACHINE.replace("INTERFACE=3/1/1", "INTERFACE=8/6/80")
    machine.write_text(f"{storage}\n{interface.replace('1-1:1.0', '1-1:1.1')}")
    done = dext(
        "explain", "--from", machine, "--catalogue", plist, "--personality", "Driver", "--json"
    )
    rows = json.loads(done.stdout)
    assert [row["matched"] for row in rows] == [True, False]
    assert "IOUSBHostInterface@0" in rows[1]["provider"]


@pytest.mark.parametrize("name", ["none", "empty"])
def test_explain_says_in_one_sentence_what_it_cannot_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").touch()
    for option in ("--from", "--catalogue"):
        done = dext("explain", option, tmp_path / name)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "expected" in done.stderr


def test_lint_names_line_and_key_and_ends_with_1_on_errors(tmp_path: Path) -> None:
    plist = tmp_path / "Info.plist"
    plist.write_bytes(info(idVendor=1))
    (tmp_path / "Entitlements.plist").write_bytes(
        plistlib.dumps({"com.apple.developer.driverkit": True})
    )
    done = dext("lint", tmp_path, "--json")
    assert done.returncode == 1
    errors = {row["key"]: row for row in json.loads(done.stdout)}
    assert set(errors) == {"bInterfaceSubClass", "com.apple.developer.driverkit.transport.usb"}
    assert all(row["severity"] == "error" and row["line"] > 0 for row in errors.values())
    text = dext("lint", plist)
    assert f"{plist}:" in text.stdout
    assert text.returncode == 1


def test_lint_ends_with_0_when_there_are_only_warnings(tmp_path: Path) -> None:
    plist = tmp_path / "Info.plist"
    plist.write_bytes(info(bInterfaceClass=3, bInterfaceSubClass=1, IOProbeScore=5))
    done = dext("lint", plist)
    assert done.returncode == 0
    assert ": warning: Driver: IOProbeScore: " in done.stdout


def test_lint_says_what_it_looked_at_when_nothing_is_wrong(tmp_path: Path) -> None:
    plist = tmp_path / "Info.plist"
    plist.write_bytes(info(bInterfaceClass=3, bInterfaceSubClass=1))
    done = dext("lint", plist)
    assert (done.returncode, done.stdout) == (0, "no problems in 1 personality\n")
    assert dext("lint", plist, "--json").stdout == "[]\n"


def test_explain_of_many_personalities_tells_of_the_nearest_and_how_many_there_were(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    machine, _, _ = files
    many = tmp_path / "Many.plist"
    table = plistlib.loads(info(bInterfaceClass=3, bInterfaceSubClass=1))
    (driver,) = table["IOKitPersonalities"].values()
    for number in range(30):
        wrong = {**driver, "bInterfaceClass": 200 - number}
        table["IOKitPersonalities"][f"Other{number:02}"] = wrong
    many.write_bytes(plistlib.dumps(table))
    done = dext("explain", "--from", machine, "--catalogue", many)
    assert len(done.stdout.splitlines()) == 20 + 1, "with the kernel's driver"
    assert done.stderr == "dext: 11 more were compared; --provider tells of one device\n"
    for option, word in (("--provider", "IOUSBHostInterface"), ("--personality", "Other29")):
        told = dext("explain", "--from", machine, "--catalogue", many, option, word)
        assert "Other29" in told.stdout
        assert told.stderr == ""
    rows = json.loads(dext("explain", "--from", machine, "--catalogue", many, "--json").stdout)
    assert sum(row["provider"].endswith("@0") for row in rows) >= 31
