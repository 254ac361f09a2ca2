"""Apps and their extensions: valid ones are read, every flaw is one sentence with its code."""

import os
import plistlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.extensions import folder
from runtime.extensions.bundle import read_app
from runtime.extensions.kind import DRIVER, ENDPOINT_SECURITY, NETWORK
from runtime.extensions.location import applications_folders, check_location
from runtime.extensions.staging import stage
from runtime.model.content import content_hash
from runtime.model.errors import BundleError
from runtime.model.sx_code import SxCode
from tests.unit.extensions.conftest import BUNDLE_ID, AppFolder

DEXT = f"Widget.app/Contents/Library/SystemExtensions/{BUNDLE_ID}.dext"


def one_sentence(error: BundleError) -> None:
    assert re.fullmatch(r"[^\n]+: expected [^\n]+, found [^\n]+", str(error))


def test_an_app_is_read_with_its_extension(app: AppFolder) -> None:
    read = read_app(app.path)
    assert (read.bundle_id, read.name) == ("com.example.widget", "Widget")
    (bundle,) = read.extensions
    assert bundle.manifest.category == DRIVER
    assert bundle.manifest.name == "Widget Driver"
    assert bundle.manifest.signature == "not signed"
    assert not bundle.manifest.trusted
    assert set(bundle.files) == {"Info.plist", "Entitlements.plist", "WidgetDriver.py"}
    (personality,) = bundle.manifest.personalities(content_hash(b""))
    assert (personality.provider_class, personality.user_class) == (
        "IOUSBHostInterface",
        "WidgetDriver",
    )


def test_a_binary_plist_reads_the_same(app: AppFolder) -> None:
    before = read_app(app.path).extensions[0].manifest
    data = plistlib.dumps(app.info, fmt=plistlib.FMT_BINARY, sort_keys=True)
    (app.dext / "Info.plist").write_bytes(data)
    assert read_app(app.path).extensions[0].manifest == before


_PROVIDERS = {"NEProviderClasses": {"com.apple.networkextension.filter-data": "Filter"}}
_CLIENT = {"com.apple.developer.endpoint-security.client": True}


@pytest.mark.parametrize(
    ("info", "entitlements", "category", "words"),
    [
        ({"NetworkExtension": _PROVIDERS}, {}, NETWORK, "a network extension"),
        ({}, _CLIENT, ENDPOINT_SECURITY, "an endpoint security extension"),
        (
            {"NSEndpointSecurityEarlyBoot": True},
            {},
            ENDPOINT_SECURITY,
            "an endpoint security extension",
        ),
    ],
)
def test_another_kind_is_recognised_and_its_activation_says_that_it_does_not_run(
    app: AppFolder,
    tmp_path: Path,
    info: dict[str, object],
    entitlements: dict[str, object],
    category: str,
    words: str,
) -> None:
    usage = {"NSSystemExtensionUsageDescription": "Filters."}
    app.info |= {"CFBundlePackageType": "SYSX", **usage, **info}
    app.entitlements = entitlements
    app.write()
    (app.dext / "WidgetDriver.py").unlink()  # its program is not ours to read
    moved = app.dext.with_suffix(".systemextension") / "Contents"
    moved.parent.mkdir()
    app.dext.rename(moved)
    assert read_app(app.path).extensions[0].manifest.category == category
    expected = f"expected a driver extension .DEXT., the kind that runs on Linux, found {words}$"
    with pytest.raises(BundleError, match=expected) as refusal:
        stage(app.path, "", tmp_path / "state", None)
    assert refusal.value.sx_code == SxCode.UNKNOWN_EXTENSION_CATEGORY


@pytest.mark.parametrize(
    ("info", "code", "words"),
    [
        ({}, SxCode.UNKNOWN_EXTENSION_CATEGORY, "found neither"),
        (
            {"CMIOExtension": {}},
            SxCode.UNKNOWN_EXTENSION_CATEGORY,
            "found CMIOExtension, a camera extension",
        ),
        ({"NetworkExtension": {}}, SxCode.VALIDATION_FAILED, "NEProviderClasses: expected a dict"),
        ({"NetworkExtension": 1}, SxCode.VALIDATION_FAILED, "NetworkExtension: expected a dict"),
    ],
)
def test_a_mark_that_is_missing_or_wrong_is_named(
    app: AppFolder, info: dict[str, object], code: SxCode, words: str
) -> None:
    app.info |= {"CFBundlePackageType": "SYSX", **info}
    app.write()
    with pytest.raises(BundleError, match=words) as refusal:
        read_app(app.path)
    assert refusal.value.sx_code == code


def _without(key: str) -> Callable[[AppFolder], None]:
    def change(app: AppFolder) -> None:
        del app.info[key]
        app.write()

    return change


def _with(**values: object) -> Callable[[AppFolder], None]:
    def change(app: AppFolder) -> None:
        app.info.update(values)
        app.write()

    return change


def _personality(**values: object) -> Callable[[AppFolder], None]:
    def change(app: AppFolder) -> None:
        app.info["IOKitPersonalities"]["Widget"].update(values)
        app.write()

    return change


def _file(name: str, data: bytes | None) -> Callable[[AppFolder], None]:
    def change(app: AppFolder) -> None:
        if data is None:
            (app.dext / name).unlink()
        else:
            (app.dext / name).write_bytes(data)

    return change


FLAWS: list[tuple[Callable[[AppFolder], None], SxCode, str]] = [
    (_without("CFBundleIdentifier"), SxCode.EXTENSION_MISSING_IDENTIFIER, "CFBundleIdentifier"),
    (
        _with(CFBundleIdentifier="$(PRODUCT_BUNDLE_IDENTIFIER)"),
        SxCode.EXTENSION_MISSING_IDENTIFIER,
        "CFBundleIdentifier",
    ),
    (_with(CFBundleIdentifier="com.example.other"), SxCode.VALIDATION_FAILED, "CFBundleIdentifier"),
    (_without("CFBundlePackageType"), SxCode.UNKNOWN_EXTENSION_CATEGORY, "CFBundlePackageType"),
    (
        _with(CFBundlePackageType="KEXT"),
        SxCode.UNKNOWN_EXTENSION_CATEGORY,
        "CFBundlePackageType",
    ),
    (_without("OSBundleUsageDescription"), SxCode.VALIDATION_FAILED, "OSBundleUsageDescription"),
    (_with(OSBundleUsageDescription=" "), SxCode.VALIDATION_FAILED, "OSBundleUsageDescription"),
    (_with(OSBundleUsageDescription="x" * 2000), SxCode.VALIDATION_FAILED, "1 to 1024"),
    (_without("CFBundleVersion"), SxCode.VALIDATION_FAILED, "CFBundleVersion"),
    (_with(CFBundleVersion=1), SxCode.VALIDATION_FAILED, "a number 1"),
    (_without("CFBundleShortVersionString"), SxCode.VALIDATION_FAILED, "CFBundleShortVersion"),
    (_without("CFBundleExecutable"), SxCode.VALIDATION_FAILED, "CFBundleExecutable"),
    (_with(CFBundleExecutable="../x"), SxCode.VALIDATION_FAILED, "CFBundleExecutable"),
    (_without("IOKitPersonalities"), SxCode.VALIDATION_FAILED, "IOKitPersonalities"),
    (_with(IOKitPersonalities={}), SxCode.VALIDATION_FAILED, "1 to 256 personalities"),
    (_with(IOKitPersonalities=[]), SxCode.VALIDATION_FAILED, "a dictionary"),
    (_with(IOKitPersonalities={"a": "b"}), SxCode.VALIDATION_FAILED, "IOKitPersonalities.a"),
    (_personality(IOProviderClass=""), SxCode.VALIDATION_FAILED, "IOProviderClass"),
    (_personality(IOUserClass=5), SxCode.VALIDATION_FAILED, "IOUserClass"),
    (_personality(IOProbeScore="high"), SxCode.VALIDATION_FAILED, "IOProbeScore"),
    (_personality(CFBundleIdentifier="com.other"), SxCode.VALIDATION_FAILED, "com.other"),
    (_personality(weight=1.5), SxCode.VALIDATION_FAILED, "found a real"),
    (_file("Info.plist", None), SxCode.VALIDATION_FAILED, "Info.plist"),
    (_file("Info.plist", b""), SxCode.VALIDATION_FAILED, "a property list"),
    (_file("Info.plist", b"bplist00\xff"), SxCode.VALIDATION_FAILED, "a property list"),
    (_file("Info.plist", b"<plist><dict>"), SxCode.VALIDATION_FAILED, "a property list"),
    (_file("Info.plist", plistlib.dumps(["a"])), SxCode.VALIDATION_FAILED, "a dictionary at"),
    (_file("Info.plist", b" " * (2 << 20)), SxCode.VALIDATION_FAILED, "at most 1048576 bytes"),
    (_file("WidgetDriver.py", None), SxCode.VALIDATION_FAILED, "WidgetDriver.py"),
    (_file("Entitlements.plist", b"junk"), SxCode.VALIDATION_FAILED, "Entitlements.plist"),
]


@pytest.mark.parametrize(("flaw", "code", "named"), FLAWS)
def test_each_flaw_is_one_sentence_with_its_code(
    app: AppFolder, flaw: Callable[[AppFolder], None], code: SxCode, named: str
) -> None:
    flaw(app)
    with pytest.raises(BundleError) as refusal:
        read_app(app.path)
    assert refusal.value.sx_code == code
    assert refusal.value.code == f"sx-{int(code)}"
    assert named in str(refusal.value)
    assert str(refusal.value).startswith(DEXT)
    assert DEXT in refusal.value.path
    one_sentence(refusal.value)


def test_an_app_without_the_entitlement_may_not_install(app: AppFolder) -> None:
    app.app_entitlements.clear()
    app.write()
    with pytest.raises(BundleError, match=r"system-extension\.install: expected true") as refusal:
        read_app(app.path)
    assert refusal.value.sx_code == SxCode.MISSING_ENTITLEMENT


def test_a_driver_needs_the_driverkit_entitlement(app: AppFolder, tmp_path: Path) -> None:
    app.entitlements.clear()
    app.write()
    with pytest.raises(BundleError, match="driverkit: expected true") as refusal:
        stage(app.path, "", tmp_path / "state", None)
    assert refusal.value.sx_code == SxCode.MISSING_ENTITLEMENT


@pytest.mark.parametrize("name", ["Nothing.app", "folder"])
def test_what_is_no_app_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(BundleError) as refusal:
        read_app(tmp_path / name)
    assert refusal.value.sx_code == SxCode.EXTENSION_NOT_FOUND
    one_sentence(refusal.value)


def test_an_extension_that_is_not_in_the_app_is_not_found(app: AppFolder) -> None:
    with pytest.raises(BundleError, match=r"expected com\.example\.none\.dext") as refusal:
        read_app(app.path, "com.example.none")
    assert refusal.value.sx_code == SxCode.EXTENSION_NOT_FOUND


def test_one_identifier_twice_is_refused(app: AppFolder) -> None:
    app.dext.with_suffix(".systemextension").mkdir()
    with pytest.raises(BundleError, match="twice") as refusal:
        read_app(app.path)
    assert refusal.value.sx_code == SxCode.DUPLICATE_EXTENSION_IDENTIFIER


@pytest.mark.parametrize("target", ["/etc/passwd", "Info.plist", "/nonexistent"])
def test_links_are_refused_wherever_they_lead(app: AppFolder, target: str) -> None:
    (app.dext / "extra.py").symlink_to(target)
    with pytest.raises(BundleError, match=r"extra\.py: expected a readable file, found a symbolic"):
        read_app(app.path)


def test_a_linked_bundle_or_info_is_refused(app: AppFolder, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    app.dext.rename(real)
    app.dext.symlink_to(real)
    with pytest.raises(BundleError, match="expected a folder"):
        read_app(app.path)
    info = app.path / "Contents/Info.plist"
    info.rename(tmp_path / "Info.plist")
    info.symlink_to(tmp_path / "Info.plist")
    with pytest.raises(BundleError, match="found a symbolic link"):
        read_app(app.path)


def test_a_fifo_does_not_hang_the_reader(app: AppFolder) -> None:
    os.mkfifo(app.dext / "pipe")
    with pytest.raises(BundleError, match="expected a regular file"):
        read_app(app.path)


def test_sizes_are_bounded(app: AppFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_FILE", 100)
    (app.dext / "big.bin").write_bytes(bytes(101))
    with pytest.raises(BundleError, match="at most 100 bytes"):
        read_app(app.path)


def test_names_with_control_characters_are_refused(app: AppFolder) -> None:
    (app.dext / "a\nb.py").write_text("")
    with pytest.raises(BundleError, match="expected a printable path") as refusal:
        read_app(app.path)
    one_sentence(refusal.value)


def test_caches_are_no_part_of_the_bundle(app: AppFolder, tmp_path: Path) -> None:
    before = stage(app.path, "", tmp_path / "state", None)
    (app.dext / "__pycache__").mkdir()
    (app.dext / "__pycache__" / "WidgetDriver.pyc").write_bytes(b"x")
    assert stage(app.path, "", tmp_path / "state", None) == before


def test_an_app_has_to_be_in_an_applications_folder(app: AppFolder, tmp_path: Path) -> None:
    check_location(app.path, applications_folders(tmp_path))
    with pytest.raises(BundleError, match=r"developer mode lifts this.*found it in") as refusal:
        check_location(app.path, applications_folders(tmp_path / "home"))
    assert refusal.value.sx_code == SxCode.UNSUPPORTED_PARENT_BUNDLE_LOCATION


def test_a_link_in_the_applications_folder_does_not_count(tmp_path: Path) -> None:
    elsewhere = AppFolder(tmp_path / "elsewhere")
    folder = tmp_path / "Applications"
    folder.mkdir()
    (folder / "Widget.app").symlink_to(elsewhere.path)
    with pytest.raises(BundleError, match="expected an app in"):
        check_location(folder / "Widget.app", (folder,))


@pytest.mark.parametrize("size", [25 << 10, 200 << 10])
def test_a_personality_that_no_packet_takes(app: AppFolder, size: int) -> None:
    app.info["IOKitPersonalities"]["Widget"]["Big"] = "x" * size
    app.write()
    with pytest.raises(BundleError, match="at most 24576 bytes") as refusal:
        read_app(app.path)
    one_sentence(refusal.value)


def test_entitlements_that_no_packet_takes(app: AppFolder) -> None:
    app.entitlements["com.example.big"] = "x" * (17 << 10)
    app.write()
    with pytest.raises(BundleError, match="at most 16384 bytes") as refusal:
        read_app(app.path)
    one_sentence(refusal.value)


def test_a_personality_whose_name_is_too_long(app: AppFolder) -> None:
    table = app.info["IOKitPersonalities"]
    table["N" * 10_000] = next(iter(table.values()))
    app.write()
    with pytest.raises(BundleError, match="a name of 1 to 256 characters") as refusal:
        read_app(app.path)
    one_sentence(refusal.value)
