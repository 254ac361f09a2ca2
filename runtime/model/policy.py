"""What configuration profiles say of extensions: the profiles as records, and their rulings.

Source: Apple, device-management `com.apple.system-extension-policy`.
Invariant: values only; `runtime.extensions.policy` says what they mean together.
"""

from collections.abc import Iterator

import msgspec

Teams = dict[str, tuple[str, ...]]
"""Bundle ids, or kinds of extensions, by team."""


class Ruling(msgspec.Struct, frozen=True, array_like=True):
    """What was decided by a profile, and where it says so."""

    allowed: bool
    profile: str  # its PayloadIdentifier
    name: str  # its PayloadDisplayName
    file: str  # as it was named when it was added
    key: str


class Rule(msgspec.Struct, frozen=True):
    """One thing that a profile says: a key, for a team, of bundle ids or kinds."""

    key: str
    team: str = ""
    listed: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, array_like=True):
    """One configuration profile: its payloads of system extension policy, combined.

    The fields from `user_overrides` to `non_removable_from_ui` are the payload's keys, in their
    order.
    """

    identifier: str
    name: str
    organization: str
    file: str
    by: str = ""  # who added it
    wall_ns: int = 0
    user_overrides: bool = True
    teams: tuple[str, ...] = ()
    types: Teams = {}
    extensions: Teams = {}
    removable: Teams = {}
    non_removable: Teams = {}
    non_removable_from_ui: Teams = {}
    signed_by: str = ""  # its signer, and whether this machine trusts it; empty: not signed


def ruling_words(ruling: Ruling) -> str:
    """A ruling as people read it: the profile, its file and the key."""
    return f"profile {ruling.name} ({ruling.file}): {ruling.key}"


def rules(profile: Profile) -> Iterator[Rule]:
    """What a profile says, key by key; users decide about the rest unless they may not."""
    if not profile.user_overrides:
        yield Rule("AllowUserOverrides", listed=("false",))
    for team in profile.teams:
        yield Rule("AllowedTeamIdentifiers", team)
    for key, table in (
        ("AllowedSystemExtensionTypes", profile.types),
        ("AllowedSystemExtensions", profile.extensions),
        ("RemovableSystemExtensions", profile.removable),
        ("NonRemovableSystemExtensions", profile.non_removable),
        ("NonRemovableFromUISystemExtensions", profile.non_removable_from_ui),
    ):
        for team, listed in table.items():
            yield Rule(key, team, listed)


def rule_words(rule: Rule) -> str:
    """A rule as people read it."""
    template, listed = _RULES[rule.key], ", ".join(rule.listed) or "nothing"
    return f"{rule.key}: {template.format(team=rule.team, listed=listed)}"


_RULES = {
    "AllowUserOverrides": "users may approve nothing that no profile allows",
    "AllowedTeamIdentifiers": "all extensions of team {team} may run",
    "AllowedSystemExtensionTypes": "of team {team} only these kinds may run: {listed}",
    "AllowedSystemExtensions": "of team {team} these may run: {listed}",
    "RemovableSystemExtensions": "of team {team} who asked for them may remove: {listed}",
    "NonRemovableSystemExtensions": "of team {team} nobody may remove: {listed}",
    "NonRemovableFromUISystemExtensions": "of team {team} the window may not remove: {listed}",
}
