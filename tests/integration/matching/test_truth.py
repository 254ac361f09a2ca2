"""Truth from others: libkmod for the kernel's aliases, shipped personalities for the rules."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.kmod import Kmod, make_folder
from runtime.extensions.plist_files import read_sources
from runtime.interchange.registry_file import properties_of
from runtime.matching import Catalogue, Provider, aliases, match
from runtime.matching.aliases import AliasIndex
from runtime.matching.lint import ERROR, lint
from runtime.matching.specificity import LAYOUTS
from runtime.model.classes import chain
from runtime.model.identity import BundleId
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.reader.load import open_registry

MODALIAS = re.compile(r"^E: MODALIAS=(.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def alias_text(corpora: Path) -> str:
    return next(corpora.glob("idtables/debian-*/modules.alias*")).read_text()


@pytest.fixture(scope="module")
def index(alias_text: str) -> AliasIndex:
    return aliases.build(alias_text)


@pytest.fixture(scope="module")
def kmod(alias_text: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kmod]:
    if shutil.which("depmod") is None:
        pytest.skip("no depmod: expected the package kmod, found nothing")
    folder = make_folder(alias_text, tmp_path_factory.mktemp("kmod"))
    with Kmod(folder) as made:
        yield made


def test_the_modules_of_every_device_of_real_machines_are_libkmods(
    corpora: Path, index: AliasIndex, kmod: Kmod, measured: Callable[[str], None]
) -> None:
    compared, wrong = 0, []
    for file in sorted(corpora.glob("machines*/**/*.txt")):
        for modalias in MODALIAS.findall(file.read_text(errors="replace")):
            ours = {kext.module.replace("-", "_") for kext in index.look_up(modalias)}
            compared += 1
            if ours != kmod.look_up(modalias):
                wrong.append((file.name, modalias))
    measured(f"modules of {compared} devices: {len(wrong)} that libkmod resolves otherwise")
    assert compared > 5000
    assert wrong == []


def test_every_alias_is_found_by_a_device_made_from_it(index: AliasIndex) -> None:
    """A pattern with its wildcards filled in is a device that the pattern matches.

    Every seventh, so that all buses come and no second is spent.
    """
    missed = []
    for kext in islice(index, 0, None, 7):
        device = re.sub(r"\[(.)[^]]*\]", r"\1", kext.pattern)
        device = _filled(device)
        found = (hit.pattern for hit in index.look_up(device))
        if aliases.matches(kext.pattern, device) and kext.pattern not in found:
            missed.append(kext.pattern)
    assert missed == []


def _filled(pattern: str) -> str:
    """Wildcards of a pattern as digits, as many as the field has."""
    widths = LAYOUTS.get(pattern[:3])
    if widths is None or pattern[3:4] != ":":
        return pattern.replace("*", "")
    values = re.fullmatch(
        pattern[:4] + "".join(rf"{name}([0-9A-F*]*)" for name, _ in widths), pattern
    )
    if values is None:
        return pattern.replace("*", "")
    return pattern[:4] + "".join(
        name + value.replace("*", "").ljust(width, "0")
        for (name, width), value in zip(widths, values.groups(), strict=True)
    )


RIGHT = {
    "IOProviderClass": "a class of before OS X 10.11; macOS keeps it as a nub beside the new one, "
    "which nothing here does",
    "IOProbeScore": "it is added, as the product means it to be; Apple's advice is for others",
}
"""Complaints about many shipped personalities that were read and are right."""
FAULTS = {
    ("com.apple.driver.AppleMultitouchDriver", "MTUserDevice", "VendorID"),
    ("com.apple.iokit.IOHIDEventDriver", "HID Sensor", "VendorID"),
}
"""Vendor-defined pages without a vendor: macOS logs a fault for these too, and lets them match."""


def test_lints_complaints_about_what_apple_ships_are_the_judged_ones(
    corpora: Path, measured: Callable[[str], None]
) -> None:
    judged: Counter[str] = Counter()
    others = set()
    for file in sorted(corpora.glob("idtables/macos-*/*.plist.gz")):
        for source in read_sources(file):
            assert source.complaints == ()
            judged["personalities"] += len(source.tables)
            for each in lint(source.tables, source.bundle_id, dext=False):
                assert each.severity != ERROR, each
                if each.key in RIGHT:
                    judged[f"warnings about {each.key}"] += 1
                else:
                    others.add((source.bundle_id, each.personality, each.key))
    measured(f"lint of shipped personalities: {dict(judged)}, {len(others)} others, no error")
    assert judged["personalities"] > 2400
    assert others == FAULTS


def test_lints_complaints_about_published_projects_are_the_judged_ones(corpora: Path) -> None:
    """Errors: three states of one driver whose author mended its USB keys later; none matched.

    Warnings beside those of `RIGHT`: one driver extension without the name of its server, which
    macOS would never launch.
    """
    errors, warnings = set(), set()
    for source in read_sources(corpora / "plists"):
        for each in lint(source.tables, source.bundle_id, dext=source.package_type == "DEXT"):
            project = source.path.split("/plists/")[1].split("/")[0]
            if each.severity == ERROR:
                errors.add((project, each.key))
            elif each.key not in RIGHT:
                warnings.add((project, each.key))
    assert errors == {
        ("secretkeysio+GCAdapterDriver", "idProduct"),
        ("secretkeysio+GCAdapterDriver", "bConfigurationValue"),
    }
    assert warnings == {("onewaydsp+NumarkNS7-DriverKit", "IOUserServerName")}


INTERFACE = "IOUSBHostInterface"
_SETS = re.compile(
    r"usb:v(?:(?P<idVendor>\w{4})|\*)p\*d\*dc\*dsc\*dp\*"
    r"ic(?P<bInterfaceClass>(?(idVendor)FF|(?!FF)\w\w))"
    r"isc(?P<bInterfaceSubClass>\w\w)ip(?:(?P<bInterfaceProtocol>\w\w)|\*)in\*"
)
"""Kernel patterns that say the same as a set of Apple's keys for USB interfaces."""
_NOW = re.compile(r"usb:.*in\w\w")
"""Kernels before 3.5 left the interface's number out, which no pattern of today fits."""


def test_usb_rules_match_where_the_kernels_patterns_do(
    corpora: Path, index: AliasIndex, measured: Callable[[str], None]
) -> None:
    """On every USB interface of real machines, for every pattern that is a key set too."""
    held = Catalogue()
    for kext in index:
        if found := _SETS.fullmatch(kext.pattern):
            given = {key: int(text, 16) for key, text in found.groupdict().items() if text}
            table: Properties = {"IOProviderClass": INTERFACE, **given}
            one = Personality(kext.pattern, "kernel", INTERFACE, "", table)
            held.add(BundleId(f"{kext.pattern} {len(held)}"), [one])
    devices, matches, wrong = 0, 0, []
    for file in sorted(corpora.glob("machines*/**/udevadm_data/*.txt")):
        for entry in open_registry(file).entries:
            has = properties_of(entry)
            modalias = has.get("MODALIAS")
            if not isinstance(modalias, str) or not _NOW.fullmatch(modalias):
                continue
            provider = Provider(entry.id, entry.name, chain(entry.cls), has)
            ours = {each.personality.name for each in match(provider, held).candidates}
            theirs = {one.name for one in held if aliases.matches(one.name, modalias)}
            devices, matches = devices + 1, matches + len(theirs)
            if ours != theirs:
                wrong.append((file.name, modalias, ours ^ theirs))
    measured(
        f"USB rules on {devices} interfaces of real machines, {len(held)} key sets: {matches} "
        f"matches, {len(wrong)} otherwise than the kernel's"
    )
    assert wrong == []
    assert devices > 150
    assert matches > 40
