"""Configuration profiles (`.mobileconfig`): their payloads of system extension policy.

Payloads of other types are nobody's business here and are not looked into. Several payloads of
one file say together what they would say in several files.
Source: Apple, device-management `com.apple.system-extension-policy`, `TopLevel`.
Invariant: every failure is a `BundleError` that names file, key, wanted and found.
"""

from collections.abc import Iterable
from typing import Any

from runtime.extensions import plist
from runtime.extensions.codes import refused
from runtime.model.policy import Profile, Teams
from runtime.model.properties import Properties
from runtime.wire import limits

PAYLOAD = "com.apple.system-extension-policy"
KINDS = ("DriverExtension", "NetworkExtension", "EndpointSecurityExtension")
MAX_PAYLOADS = 64
MAX_LISTED = 1024  # teams, and bundle ids or kinds of each
NAME = 256  # characters of names and identifiers


def read_profile(data: bytes, file: str) -> Profile:
    """Read a profile; `file` names it in errors and wherever it decides.

    Raises:
        BundleError: It is no profile with such a payload, or a key is not what it has to be.
    """
    if len(data) > limits.PROFILE:
        raise refused(file, f"at most {limits.PROFILE} bytes", f"{len(data)}")
    top = plist.parsed(data, file)
    kind = top.get("PayloadType")
    if kind != "Configuration":
        raise refused(f"{file}: PayloadType", "Configuration", _short(kind))
    identifier = _text(top, "PayloadIdentifier", file)
    payloads = [_payload(one, file) for one in _payloads(top, file)]
    return Profile(
        identifier=identifier,
        name=_text(top, "PayloadDisplayName", file, default=identifier),
        organization=_text(top, "PayloadOrganization", file, default=""),
        file=file,
        user_overrides=all(payload["AllowUserOverrides"] for payload in payloads),
        teams=tuple(dict.fromkeys(team for one in payloads for team in one["teams"])),
        types=_union(one["AllowedSystemExtensionTypes"] for one in payloads),
        extensions=_union(one["AllowedSystemExtensions"] for one in payloads),
        removable=_union(one["RemovableSystemExtensions"] for one in payloads),
        non_removable=_union(one["NonRemovableSystemExtensions"] for one in payloads),
        non_removable_from_ui=_union(one["NonRemovableFromUISystemExtensions"] for one in payloads),
    )


def _payloads(top: dict[object, object], file: str) -> list[Properties]:
    content = top.get("PayloadContent")
    if not isinstance(content, list) or len(content) > MAX_PAYLOADS:
        found = f"{len(content)}" if isinstance(content, list) else _short(content)
        raise refused(f"{file}: PayloadContent", f"an array of up to {MAX_PAYLOADS}", found)
    kinds = [each.get("PayloadType") if isinstance(each, dict) else None for each in content]
    ours = [each for each, kind in zip(content, kinds, strict=True) if kind == PAYLOAD]
    if not ours:
        found = ", ".join(dict.fromkeys(_short(kind) for kind in kinds))
        raise refused(f"{file}: PayloadContent", f"a payload of {PAYLOAD}", found or "none")
    return [plist.checked(each, file) for each in ours]


def _payload(table: Properties, file: str) -> dict[str, Any]:
    """The keys of one payload, held to what Apple says of them."""
    said: dict[str, Any] = {"AllowUserOverrides": table.get("AllowUserOverrides", True)}
    if not isinstance(said["AllowUserOverrides"], bool):
        found = _short(said["AllowUserOverrides"])
        raise refused(f"{file}: AllowUserOverrides", "true or false", found)
    key = "AllowedTeamIdentifiers"
    said["teams"] = _texts(table.get(key, []), f"{file}: {key}")
    for key in (
        "AllowedSystemExtensionTypes",
        "AllowedSystemExtensions",
        "RemovableSystemExtensions",
        "NonRemovableSystemExtensions",
        "NonRemovableFromUISystemExtensions",
    ):
        said[key] = _teams(table.get(key, {}), f"{file}: {key}")
    for team, kinds in said["AllowedSystemExtensionTypes"].items():
        for kind in kinds:
            if kind not in KINDS:
                label = f"{file}: AllowedSystemExtensionTypes.{team}"
                raise refused(label, " or ".join(KINDS), _short(kind))
    _check_contradictions(said, file)
    return said


def _check_contradictions(said: dict[str, Any], file: str) -> None:
    """What Apple calls an error: a team in both lists, an extension removable and not."""
    for team in said["teams"]:
        if team in said["AllowedSystemExtensions"]:
            label = f"{file}: AllowedSystemExtensions.{team}"
            raise refused(label, "a team that AllowedTeamIdentifiers does not name", "one it does")
    for team, bundle_ids in said["NonRemovableSystemExtensions"].items():
        both = set(bundle_ids).intersection(said["RemovableSystemExtensions"].get(team, ()))
        if both:
            label = f"{file}: NonRemovableSystemExtensions.{team}"
            expected = "extensions that RemovableSystemExtensions does not name"
            raise refused(label, expected, min(both))


def _teams(value: object, label: str) -> Teams:
    if not isinstance(value, dict) or len(value) > MAX_LISTED:
        found = f"{len(value)}" if isinstance(value, dict) else _short(value)
        raise refused(label, f"a dictionary of up to {MAX_LISTED} teams", found)
    return {
        _listed(team, label): _texts(listed, f"{label}.{_short(team)}")
        for team, listed in value.items()
    }


def _texts(value: object, label: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_LISTED:
        found = f"{len(value)}" if isinstance(value, list) else _short(value)
        raise refused(label, f"an array of up to {MAX_LISTED} texts", found)
    return tuple(_listed(each, label) for each in value)


def _listed(value: object, label: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= NAME:
        raise refused(label, f"texts of 1 to {NAME} characters", _short(value))
    return value.strip()


def _text(table: dict[object, object], key: str, file: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or len(value) > NAME or not (value or default == ""):
        raise refused(f"{file}: {key}", f"a text of up to {NAME} characters", _short(value))
    return value


def _union(tables: Iterable[Teams]) -> Teams:
    united: dict[str, dict[str, None]] = {}
    for table in tables:
        for team, listed in table.items():
            united.setdefault(team, {}).update(dict.fromkeys(listed))
    return {team: tuple(listed) for team, listed in united.items()}


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)[:NAME] or "an empty text"
