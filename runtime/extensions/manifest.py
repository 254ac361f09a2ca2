"""What a driver extension's files say of it: identity, personalities, entitlements.

Made from the archive's files alone, so that a staged copy says the same as the app's did.
Source: Apple, bundle layout of driver extensions (DEXT, SYSX).
Invariant: every failure is a `BundleError` that names file, key, wanted and found.
"""

import re
from collections.abc import Mapping

import msgspec

from runtime.extensions import plist
from runtime.extensions.built_for import read_built_for
from runtime.extensions.codes import refused
from runtime.extensions.icon import find_icon
from runtime.extensions.kind import DRIVER, read_category, usage_key
from runtime.extensions.localized import read_localized
from runtime.model import properties
from runtime.model.identity import BundleId, ContentHash
from runtime.model.personality import DEFAULT_CATEGORY, Personality
from runtime.model.properties import Properties
from runtime.model.records import Localized
from runtime.model.sx_code import SxCode

INFO = "Info.plist"
ENTITLEMENTS = "Entitlements.plist"
MAX_PERSONALITIES = 256
PERSONALITY_BYTES = 24 << 10  # encoded: a driver gets it twice in one packet (`limits.PACKET`)
PERSONALITIES_BYTES = 80 << 10  # together, and with the entitlements in one packet of a worker
ENTITLEMENTS_BYTES = 16 << 10
NAME = 256  # characters of identifiers, names, versions
USAGE = 1024

NOT_SIGNED = "not signed"
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*")


class Manifest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One extension as its files describe it.

    `executable` is the module that runs, ``<executable>.py`` beside the Info.plist.
    `personality_tables` and `entitlement_table` are encoded by `runtime.model.properties`.
    `built_for` is words, `icon` a path in the bundle; both empty where it says nothing.
    """

    bundle_id: BundleId
    name: str
    short_version: str
    version: str
    category: str
    usage: str
    executable: str
    signature: str
    team_id: str
    trusted: bool
    personality_tables: msgspec.Raw
    entitlement_table: msgspec.Raw
    localized: tuple[Localized, ...] = ()
    built_for: str = ""
    icon: str = ""

    def entitlements(self) -> Properties:
        """The declared entitlements, by key."""
        return properties.decode(self.entitlement_table)

    def personalities(self, content_hash: ContentHash) -> tuple[Personality, ...]:
        """The personalities, in the order of the Info.plist."""
        tables = properties.decode(self.personality_tables)
        return tuple(
            _personality(name, table, self.bundle_id, content_hash)
            for name, table in tables.items()
            if isinstance(table, dict)
        )


def identifier(info: Properties, path: str) -> BundleId:
    """CFBundleIdentifier.

    Raises:
        BundleError: It is missing or not a reverse-DNS identifier.
    """
    value = info.get("CFBundleIdentifier")
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value) or len(value) > NAME:
        raise refused(
            f"{path}: CFBundleIdentifier",
            "an identifier like com.example.driver",
            repr(value)[:NAME] if value is not None else "nothing",
            sx_code=SxCode.EXTENSION_MISSING_IDENTIFIER,
        )
    return BundleId(value)


def read_manifest(files: Mapping[str, bytes], where: str) -> Manifest:
    """Check an extension's files and read what they say; `where` names the bundle in errors.

    Its signature is judged with its app's, when it is staged; until then there is none.

    Raises:
        BundleError: Something is missing or wrong.
    """
    info_path = f"{where}/{INFO}"
    if INFO not in files:
        raise refused(info_path, "a property list", "no such file")
    info = plist.read(files[INFO], info_path)
    bundle_id = identifier(info, info_path)
    entitlements = read_entitlements(files, where)
    category = read_category(info, entitlements, info_path)
    usage = usage_key(category)
    return Manifest(
        bundle_id=bundle_id,
        name=_display_name(info, bundle_id, info_path),
        short_version=plist.text(info, "CFBundleShortVersionString", info_path, longest=NAME),
        version=plist.text(info, "CFBundleVersion", info_path, longest=NAME),
        category=category,
        usage=plist.text(info, usage, info_path, longest=USAGE),
        executable=_executable(info, category, files, where),
        signature=NOT_SIGNED,
        team_id="",
        trusted=False,
        personality_tables=_bounded(
            _tables(info, category, bundle_id, info_path),
            PERSONALITIES_BYTES,
            f"{info_path}: IOKitPersonalities",
        ),
        entitlement_table=_bounded(entitlements, ENTITLEMENTS_BYTES, f"{where}/{ENTITLEMENTS}"),
        localized=read_localized(files, usage, where),
        built_for=read_built_for(info, info_path),
        icon=find_icon(info, files),
    )


def read_entitlements(files: Mapping[str, bytes], where: str) -> Properties:
    """The entitlements that a bundle declares; none where it has no such file.

    Raises:
        BundleError: The file is broken.
    """
    data = files.get(ENTITLEMENTS)
    return {} if data is None else plist.read(data, f"{where}/{ENTITLEMENTS}")


def _display_name(info: Properties, bundle_id: BundleId, path: str) -> str:
    for key in ("CFBundleDisplayName", "CFBundleName"):
        if key in info:
            return plist.text(info, key, path, longest=NAME)
    return bundle_id


def _executable(info: Properties, category: str, files: Mapping[str, bytes], where: str) -> str:
    name = plist.text(info, "CFBundleExecutable", f"{where}/{INFO}", longest=NAME)
    if category != DRIVER:
        return name
    if not name.isidentifier():
        raise refused(f"{where}/{INFO}: CFBundleExecutable", "the name of a module", repr(name))
    if f"{name}.py" not in files:
        raise refused(f"{where}/{name}.py", "the driver's module", "no such file")
    return name


def _tables(info: Properties, category: str, bundle_id: BundleId, path: str) -> Properties:
    """IOKitPersonalities, each checked; a driver extension has at least one."""
    if category != DRIVER:
        return {}
    tables = plist.entry(info, "IOKitPersonalities", dict, path)
    assert isinstance(tables, dict)
    if not 0 < len(tables) <= MAX_PERSONALITIES:
        raise refused(
            f"{path}: IOKitPersonalities",
            f"1 to {MAX_PERSONALITIES} personalities",
            f"{len(tables)}",
        )
    for name in tables:
        where = f"{path}: IOKitPersonalities.{name[:NAME]}"
        table = tables[name]
        if not isinstance(table, dict):
            raise refused(where, "a dictionary", type(table).__name__)
        if not 0 < len(name) <= NAME:
            raise refused(where, f"a name of 1 to {NAME} characters", f"{len(name)}")
        _bounded(table, PERSONALITY_BYTES, where)
        for key in ("IOProviderClass", "IOUserClass"):
            plist.text(table, key, where, longest=NAME)
        for key in ("IOMatchCategory", "IOUserServerName", "IOClass"):
            if key in table:
                plist.text(table, key, where, longest=NAME)
        if "IOProbeScore" in table:
            plist.entry(table, "IOProbeScore", int, where)
        owner = table.get("CFBundleIdentifier", bundle_id)
        if owner != bundle_id:
            raise refused(f"{where}.CFBundleIdentifier", bundle_id, repr(owner))
    return tables


def _bounded(table: Properties, most: int, where: str) -> msgspec.Raw:
    """Encode a table that has to fit where it is sent."""
    encoded = properties.encode(table)
    if len(memoryview(encoded)) > most:
        raise refused(where, f"at most {most} bytes, encoded", f"{len(memoryview(encoded))}")
    return encoded


def _personality(
    name: str, table: Properties, bundle_id: BundleId, content_hash: ContentHash
) -> Personality:
    score = table.get("IOProbeScore", 0)
    return Personality(
        name=name,
        bundle_id=bundle_id,
        provider_class=str(table["IOProviderClass"]),
        user_class=str(table["IOUserClass"]),
        table=table,
        category=str(table.get("IOMatchCategory", DEFAULT_CATEGORY)),
        probe_score=score if isinstance(score, int) else 0,
        server_name=str(table.get("IOUserServerName", "")),
        content_hash=content_hash,
    )
