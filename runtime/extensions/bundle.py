"""An app and the system extensions inside it.

``X.app/Contents/Info.plist``, the app's program in ``Contents/Linux/``, extensions in
``Contents/Library/SystemExtensions/``: ``ID.dext`` (flat) or ``ID.systemextension`` (with
Contents, from which everything is read).
Invariant: every failure is a `BundleError` that names file, key, wanted and found.
"""

from pathlib import Path

import msgspec

from runtime.extensions import icon, plist
from runtime.extensions.codes import refused
from runtime.extensions.folder import read_folder
from runtime.extensions.manifest import (
    ENTITLEMENTS,
    INFO,
    NAME,
    Manifest,
    identifier,
    read_manifest,
)
from runtime.model.errors import BundleError
from runtime.model.identity import BundleId
from runtime.model.properties import Properties
from runtime.model.sx_code import SxCode

EXTENSIONS_FOLDER = "Contents/Library/SystemExtensions"
INSTALL_ENTITLEMENT = "com.apple.developer.system-extension.install"
MAX_EXTENSIONS = 32
_SUFFIXES = (".dext", ".systemextension")


class Bundle(msgspec.Struct, frozen=True):
    """One extension of an app: what it says, and its files by path from its content folder."""

    path: str  # from the app
    manifest: Manifest
    files: dict[str, bytes]


class App(msgspec.Struct, frozen=True):
    """An app that was read and checked, with the extensions that were asked for."""

    path: str
    bundle_id: BundleId
    name: str
    extensions: tuple[Bundle, ...]
    icon: dict[str, bytes] = {}  # its file by its path in Contents; empty where there is none


def read_app(path: Path, bundle_id: str = "") -> App:
    """Read an app and its extensions, or only the one with an identifier.

    Raises:
        BundleError: The app or an extension that was read is not what it has to be, or there
            is none with the identifier.
    """
    check_app_folder(path)
    info_path = f"{path.name}/Contents/{INFO}"
    info = plist.read(_read_file(path / "Contents" / INFO, info_path), info_path)
    name = info.get("CFBundleDisplayName") or info.get("CFBundleName") or path.stem
    if not isinstance(name, str):
        raise refused(f"{info_path}: CFBundleDisplayName", "text", type(name).__name__)
    app_id = identifier(info, info_path)
    _check_may_install(path)
    extensions = _read_extensions(path, bundle_id)
    return App(str(path), app_id, name[:NAME], extensions, _read_icon(path / "Contents", info))


def check_app_folder(path: Path) -> None:
    """Hold a path to being an app's folder.

    Raises:
        BundleError: It is none.
    """
    if path.suffix != ".app" or not path.is_dir():
        found = "nothing" if not path.exists() else "another file or folder"
        raise refused(str(path), "an app folder X.app", found, sx_code=SxCode.EXTENSION_NOT_FOUND)


def _check_may_install(app: Path) -> None:
    """An app needs its entitlement to submit activation requests."""
    label = f"{app.name}/Contents/{ENTITLEMENTS}"
    declared: Properties = {}
    if (app / "Contents" / ENTITLEMENTS).exists():
        declared = plist.read(_read_file(app / "Contents" / ENTITLEMENTS, label), label)
    if declared.get(INSTALL_ENTITLEMENT) is not True:
        raise refused(
            f"{label}: {INSTALL_ENTITLEMENT}",
            "true",
            str(declared.get(INSTALL_ENTITLEMENT, "nothing"))[:NAME],
            sx_code=SxCode.MISSING_ENTITLEMENT,
        )


def _read_extensions(app: Path, bundle_id: str) -> tuple[Bundle, ...]:
    folder = app / EXTENSIONS_FOLDER
    label = f"{app.name}/{EXTENSIONS_FOLDER}"
    names = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
    names = [name for name in names if name.endswith(_SUFFIXES)]
    if len(names) > MAX_EXTENSIONS:
        raise refused(label, f"at most {MAX_EXTENSIONS} extensions", f"{len(names)}")
    stems = [name.rsplit(".", 1)[0] for name in names]
    for stem in stems:
        if stems.count(stem) > 1:
            raise refused(
                label,
                "each identifier once",
                f"{stem} twice",
                sx_code=SxCode.DUPLICATE_EXTENSION_IDENTIFIER,
            )
    wanted = [name for name in names if not bundle_id or name.rsplit(".", 1)[0] == bundle_id]
    if not wanted:
        raise refused(
            label,
            f"{bundle_id}.dext" if bundle_id else "an extension X.dext or X.systemextension",
            ", ".join(names)[:NAME] or "none",
            sx_code=SxCode.EXTENSION_NOT_FOUND,
        )
    return tuple(_read_bundle(app, name) for name in wanted)


def _read_bundle(app: Path, name: str) -> Bundle:
    stem, suffix = name.rsplit(".", 1)
    inner = name if suffix == "dext" else f"{name}/Contents"
    where = f"{app.name}/{EXTENSIONS_FOLDER}/{inner}"
    files = read_folder(app / EXTENSIONS_FOLDER / inner, where)
    manifest = read_manifest(files, where)
    if manifest.bundle_id != stem:
        raise refused(
            f"{where}/{INFO}: CFBundleIdentifier",
            f"{stem}, as the bundle is named",
            manifest.bundle_id,
        )
    return Bundle(f"{EXTENSIONS_FOLDER}/{inner}", manifest, files)


def _read_icon(contents: Path, info: Properties) -> dict[str, bytes]:
    """The file that an app's Info.plist names as its icon; one that cannot be one is none."""
    name = str(info.get(icon.KEY, "")).removesuffix(".png")
    found = "" if "/" in name else icon.find_icon(info, {f"Resources/{name}.png"})
    try:
        data = _read_file(contents / found, found, icon.MOST_BYTES) if found else b""
    except BundleError:
        return {}
    return {found: data} if 0 < len(data) <= icon.MOST_BYTES else {}


def _read_file(path: Path, label: str, most: int = plist.MAX_BYTES) -> bytes:
    if path.is_symlink() or not path.is_file():
        found = "a symbolic link" if path.is_symlink() else "no such file"
        raise refused(label, "a property list", found)
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise refused(label, "a readable file", (error.strerror or str(error)).lower()) from None
