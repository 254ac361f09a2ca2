"""Personalities as they stand in files, before anybody activates them.

Reads an Info.plist, a bundle (``.dext``, ``.systemextension``, ``.kext``, ``.app`` with what is
inside), a folder of bundles, or a kernel's prelinked dictionary, plain or gzipped. Each
dictionary is held to the bounds of `plist` on its own; what is beyond them is left out and said.
Invariant: reads files, runs nothing of them; every failure is a `BundleError`.
"""

import gzip
import io
import plistlib
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from runtime.extensions import plist
from runtime.extensions.codes import refused
from runtime.model.errors import BundleError
from runtime.model.identity import BundleId
from runtime.model.personality import DEFAULT_CATEGORY, Personality
from runtime.model.properties import Properties

PRELINKED = "_PrelinkInfoDictionary"
MAX_FILE = 64 << 20  # bytes; the prelinked dictionary of a Mac has 12 MB
_END = b"</plist>"
MAX_FILES = 4096  # property lists of one folder


class Source(msgspec.Struct, frozen=True):
    """One bundle's personalities, as they stand.

    `tables` has every entry of IOKitPersonalities that is a dictionary; `complaints` says what
    of the bundle could not be read. `data` are the bytes of its own Info.plist, empty for one of
    a prelinked dictionary; `entitlements` is None where the bundle has no such file.
    """

    path: str
    bundle_id: BundleId
    package_type: str
    tables: dict[str, Properties]
    complaints: tuple[str, ...] = ()
    data: bytes = b""
    entitlements: Properties | None = None

    def personalities(self) -> tuple[Personality, ...]:
        """What of them a catalogue takes: those with an IOProviderClass that is text."""
        return tuple(
            _personality(name, table, self.bundle_id)
            for name, table in self.tables.items()
            if isinstance(table.get("IOProviderClass"), str)
        )


def read_sources(path: Path) -> list[Source]:
    """The bundles at a path, in the order of their paths.

    Raises:
        BundleError: There is nothing that could be read.
    """
    if path.is_dir():
        found = [source for file in _files(path) for source in _readable(file)]
        if not found:
            raise refused(str(path), "a bundle or a folder of bundles", "no Info.plist in it")
        return found
    return _read_file(path)


def _files(folder: Path) -> Iterator[Path]:
    """The Info.plist files of a folder, a bundle's own first."""
    for count, file in enumerate(sorted(folder.rglob("Info.plist"))):
        if count >= MAX_FILES:
            return
        if file.is_file():
            yield file


def _readable(path: Path) -> list[Source]:
    """One file of a folder; where it cannot be read, the others still can."""
    try:
        return _read_file(path)
    except BundleError as error:
        complaint = str(error).removeprefix(f"{path}: ")
        return [Source(str(path), BundleId(""), "", {}, complaints=(complaint,))]


def _read_file(path: Path) -> list[Source]:
    data = _bytes(path)
    try:
        top: object = plistlib.loads(_trimmed(data))
    except plist.FAILURES as error:
        found = str(error).split("\n")[0][:200] or type(error).__name__
        raise refused(str(path), "a property list", f"a broken one ({found})") from None
    if not isinstance(top, dict):
        raise refused(str(path), "a dictionary at the top", type(top).__name__)
    prelinked = top.get(PRELINKED)
    if isinstance(prelinked, list):
        return [_source(info, str(path), b"") for info in prelinked if isinstance(info, dict)]
    source = _source(top, str(path), data)
    entitlements = path.with_name("Entitlements.plist")
    if not entitlements.is_file():
        return [source]
    read = plist.read(_bytes(entitlements), str(entitlements))
    return [msgspec.structs.replace(source, entitlements=read)]


def _trimmed(data: bytes) -> bytes:
    """Without the empty lines before a list and what editors leave behind its end."""
    end = data.find(_END)
    return data.lstrip() if end < 0 else data[: end + len(_END)].lstrip()


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise refused(str(path), f"at most {MAX_FILE} bytes", "more")
        if data.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(data)) as unpacked:
                data = unpacked.read(MAX_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refused(str(path), "a file that can be read", reason) from None
    if len(data) > MAX_FILE:
        raise refused(str(path), f"at most {MAX_FILE} bytes unpacked", "more")
    return data


def _source(info: dict[object, object], path: str, data: bytes) -> Source:
    """One bundle's dictionary; each personality is checked alone."""
    tables: dict[str, Properties] = {}
    complaints: list[str] = []
    personalities = info.get("IOKitPersonalities", {})
    if not isinstance(personalities, dict):
        complaints.append("IOKitPersonalities: expected a dictionary, found another value")
        personalities = {}
    for name, table in personalities.items():
        try:
            if not isinstance(name, str) or not isinstance(table, dict):
                raise refused(f"IOKitPersonalities.{name}"[:200], "a dictionary", "another value")
            tables[name] = plist.checked(table, f"IOKitPersonalities.{name}"[:200])
        except BundleError as error:
            complaints.append(str(error))
    return Source(
        path=path,
        bundle_id=BundleId(_text(info.get("CFBundleIdentifier"))),
        package_type=_text(info.get("CFBundlePackageType")),
        tables=tables,
        complaints=tuple(complaints),
        data=data,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _personality(name: str, table: Properties, bundle_id: BundleId) -> Personality:
    score = table.get("IOProbeScore")
    return Personality(
        name=name,
        bundle_id=_text(table.get("CFBundleIdentifier")) or bundle_id,
        provider_class=str(table["IOProviderClass"]),
        user_class=_text(table.get("IOUserClass")) or _text(table.get("IOClass")),
        table=table,
        category=_text(table.get("IOMatchCategory")) or DEFAULT_CATEGORY,
        probe_score=score if isinstance(score, int) and not isinstance(score, bool) else 0,
        server_name=_text(table.get("IOUserServerName")),
    )
