"""Configuration profiles: what real ones mean, and how others are refused."""

import plistlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.extensions.kind import DRIVER, ENDPOINT_SECURITY, NETWORK
from runtime.extensions.manifest import Manifest
from runtime.extensions.policy import Policy
from runtime.extensions.profile import PAYLOAD, read_profile
from runtime.model.errors import BundleError
from runtime.model.identity import BundleId
from runtime.model.policy import rule_words, rules
from runtime.wire import limits

EMPTY = msgspec.Raw(b"\x80")


def profile(*payloads: dict[str, Any], **top: object) -> bytes:
    """A profile's file with these payloads of system extension policy."""
    content = [{"PayloadType": PAYLOAD, **payload} for payload in payloads]
    made = {"PayloadType": "Configuration", "PayloadIdentifier": "p", "PayloadContent": content}
    return plistlib.dumps(made | top)


def manifest(
    team: str, bundle_id: str, category: str = NETWORK, *, trusted: bool = True
) -> Manifest:
    """What matters of an extension to a policy."""
    return Manifest(
        *(BundleId(bundle_id), "Name", "1.0", "1", category, "usage", "Main"),
        *("signed", team, trusted, EMPTY, EMPTY),
    )


def ruled(policy: Policy, asked: Manifest) -> tuple[bool, str] | None:
    """Whether it may run, and the key that says so."""
    ruling = policy.ruling(asked)
    return (ruling.allowed, ruling.key) if ruling is not None else None


REAL = "microsoft+mdatp-xplat"
KANDJI = "kandji-inc+support"
DEFENDER = "UBF8T346G9"
BY_HAND: dict[str, list[tuple[Manifest, tuple[bool, str] | None]]] = {
    f"{REAL}/macos/mobileconfig/profiles/sysext.mobileconfig": [
        (manifest(DEFENDER, "com.microsoft.wdav.epsext"), (True, "AllowedSystemExtensions")),
        (manifest(DEFENDER, "com.microsoft.wdav.netext"), (True, "AllowedSystemExtensions")),
        (manifest(DEFENDER, "com.microsoft.wdav.tunnelext"), None),
        (manifest("OTHERTEAM1", "com.microsoft.wdav.epsext"), None),
        (manifest(DEFENDER, "com.microsoft.wdav.epsext", trusted=False), None),
    ],
    f"{REAL}/_history/280f85944e/macos/mobileconfig/profiles/sysext.mobileconfig": [
        (manifest(DEFENDER, "com.microsoft.wdav.tunnelext"), (True, "AllowedSystemExtensions")),
    ],
    f"{KANDJI}/_history/3cd120883b/custom-apps/sophos/Sophos_Central_Settings.mobileconfig": [
        (manifest("2H5GFH3774", "com.any.thing", DRIVER), (True, "AllowedTeamIdentifiers")),
        (manifest("2H5GFH3775", "com.any.thing"), None),
    ],
    f"{KANDJI}/_history/3cd120883b/custom-apps/sophos/"
    "Sophos_Central_Settings_with_KEXT.mobileconfig": [
        (
            manifest("2H5GFH3774", "com.sophos.endpoint.scanextension", ENDPOINT_SECURITY),
            (True, "AllowedSystemExtensions"),
        ),
        (manifest("2H5GFH3774", "com.any.thing"), None),
    ],
    f"{KANDJI}/custom-apps/bitdefender/bitdefender_settings.mobileconfig": [
        (
            manifest("GUNFMW623Y", "com.bitdefender.cst.net.dci.dci-network-extension"),
            (True, "AllowedSystemExtensions"),
        ),
        (manifest("GUNFMW623Y", "com.bitdefender.other"), None),
    ],
}


@pytest.mark.parametrize("path", BY_HAND)
def test_what_real_profiles_mean(corpora: Path, path: str) -> None:
    file = corpora / "profiles" / path
    policy = Policy([read_profile(file.read_bytes(), file.name)])
    for asked, expected in BY_HAND[path]:
        assert ruled(policy, asked) == expected, asked.bundle_id


def test_every_real_profile_is_read_or_refused_in_one_sentence(corpora: Path) -> None:
    read = 0
    for file in sorted((corpora / "profiles").rglob("*.mobileconfig")):
        if PAYLOAD.encode() not in file.read_bytes():
            with pytest.raises(BundleError, match=r"\w+: PayloadContent: expected a payload of"):
                read_profile(file.read_bytes(), file.name)
            continue
        found = read_profile(file.read_bytes(), file.name)
        assert all(rule_words(rule) for rule in rules(found))
        read += 1
    assert read > 10


def test_payloads_of_one_file_and_of_many_say_the_same() -> None:
    payloads: tuple[dict[str, Any], ...] = (
        {"AllowedTeamIdentifiers": ["TEAM1"], "AllowUserOverrides": False},
        {"AllowedSystemExtensions": {"TEAM2": ["a"]}},
        {"AllowedSystemExtensions": {"TEAM2": ["b"]}, "AllowUserOverrides": True},
        {"AllowedSystemExtensionTypes": {"TEAM1": ["DriverExtension"]}},
        {"AllowedSystemExtensionTypes": {"TEAM1": ["NetworkExtension"]}},
    )
    together = Policy([read_profile(profile(*payloads), "all.mobileconfig")])
    apart = Policy([read_profile(profile(each), "one.mobileconfig") for each in payloads])
    for policy in (together, apart):
        assert ruled(policy, manifest("TEAM1", "x", DRIVER)) == (True, "AllowedTeamIdentifiers")
        assert ruled(policy, manifest("TEAM1", "x", NETWORK)) == (True, "AllowedTeamIdentifiers")
        left_out = (False, "AllowedSystemExtensionTypes")
        assert ruled(policy, manifest("TEAM1", "x", ENDPOINT_SECURITY)) == left_out
        assert ruled(policy, manifest("TEAM2", "b")) == (True, "AllowedSystemExtensions")
        assert ruled(policy, manifest("TEAM2", "c")) == (False, "AllowUserOverrides")
        assert ruled(policy, manifest("", "unsigned", trusted=False)) == (
            False,
            "AllowUserOverrides",
        )


def test_removal_is_ruled_by_team_and_identifier() -> None:
    said = {
        "RemovableSystemExtensions": {"TEAM1": ["a"]},
        "NonRemovableSystemExtensions": {"TEAM1": ["b"]},
        "NonRemovableFromUISystemExtensions": {"TEAM1": ["c"]},
    }
    policy = Policy([read_profile(profile(said), "p.mobileconfig")])
    a, b, c = (manifest("TEAM1", each) for each in "abc")
    assert [policy.removable(each) is not None for each in (a, b, c)] == [True, False, False]
    assert [policy.keeping(each) is not None for each in (a, b, c)] == [False, True, False]
    kept = [policy.keeping(each, in_window=True) is not None for each in (a, b, c)]
    assert kept == [False, True, True]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"junk", "expected a property list, found a broken one"),
        (b" " * (limits.PROFILE + 1), f"expected at most {limits.PROFILE} bytes"),
        (profile({}, PayloadType="Other"), "PayloadType: expected Configuration, found Other"),
        (profile({}, PayloadIdentifier=3), "PayloadIdentifier: expected a text"),
        (profile(), f"PayloadContent: expected a payload of {PAYLOAD}, found none"),
        (profile({"AllowUserOverrides": "no"}), "AllowUserOverrides: expected true or false"),
        (profile({"AllowedTeamIdentifiers": {}}), "AllowedTeamIdentifiers: expected an array"),
        (profile({"AllowedTeamIdentifiers": [""]}), "AllowedTeamIdentifiers: expected texts"),
        (
            profile({"AllowedSystemExtensionTypes": {"T": ["Kext"]}}),
            "AllowedSystemExtensionTypes.T: expected DriverExtension or",
        ),
        (
            profile(
                {"AllowedTeamIdentifiers": ["T"], "AllowedSystemExtensions": {"T": ["a"]}},
            ),
            "AllowedSystemExtensions.T: expected a team that AllowedTeamIdentifiers does not name",
        ),
        (
            profile(
                {
                    "RemovableSystemExtensions": {"T": ["a", "b"]},
                    "NonRemovableSystemExtensions": {"T": ["b"]},
                }
            ),
            "NonRemovableSystemExtensions.T: expected extensions that "
            "RemovableSystemExtensions does not name, found b",
        ),
    ],
)
def test_what_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(BundleError) as refusal:
        read_profile(data, "p.mobileconfig")
    assert str(refusal.value).startswith("p.mobileconfig: ")
    assert says in str(refusal.value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("aT.", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aT", max_size=2), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    (
        *("PayloadType", "AllowUserOverrides", "AllowedTeamIdentifiers"),
        *("AllowedSystemExtensions", "AllowedSystemExtensionTypes"),
        *("RemovableSystemExtensions", "NonRemovableSystemExtensions"),
    )
)


@given(table=st.dictionaries(KEYS, VALUES.filter(lambda value: value is not None)))
def test_any_payload_is_read_or_refused(table: dict[str, Any]) -> None:
    try:
        data = profile(table)
    except (TypeError, ValueError):  # plistlib writes no null
        return
    said = ""
    try:
        read_profile(data, "p.mobileconfig")
    except BundleError as error:
        said = str(error)
    assert "\n" not in said
