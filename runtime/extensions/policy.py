"""What all profiles say together of one extension: whether it may run, and be removed.

Users decide unless a profile says otherwise. Lists are united; users may not decide as soon as
one profile forbids them to. A kind that a team's list of kinds leaves out never runs.
Source: Apple, device-management `com.apple.system-extension-policy`.
Invariant: pure; an allowance is for a team that a trusted signature proves, and for no other.
"""

from collections.abc import Callable, Iterable

from runtime.extensions.kind import DRIVER, ENDPOINT_SECURITY, NETWORK
from runtime.extensions.manifest import Manifest
from runtime.model.policy import Profile, Ruling, Teams

_KINDS = {
    DRIVER: "DriverExtension",
    NETWORK: "NetworkExtension",
    ENDPOINT_SECURITY: "EndpointSecurityExtension",
}


class Policy:
    """The profiles of this machine, in the order in which they were added."""

    def __init__(self, profiles: Iterable[Profile] = ()) -> None:
        self._profiles = tuple(profiles)

    def ruling(self, manifest: Manifest) -> Ruling | None:
        """Whether an extension may run; None where users decide."""
        team = _team(manifest)
        return (
            self._kind_left_out(team, _KINDS.get(manifest.category, ""))
            or self._listing(
                "AllowedSystemExtensions",
                lambda profile: manifest.bundle_id in profile.extensions.get(team, ()),
            )
            or self._listing("AllowedTeamIdentifiers", lambda profile: team in profile.teams)
            or self._listing(
                "AllowUserOverrides", lambda profile: not profile.user_overrides, allowed=False
            )
        )

    def keeping(self, manifest: Manifest, *, in_window: bool = False) -> Ruling | None:
        """The ruling by which an extension may not be removed, or not in the window."""
        kept = self._listed(
            manifest,
            "NonRemovableSystemExtensions",
            lambda profile: profile.non_removable,
            allowed=False,
        )
        if kept is not None or not in_window:
            return kept
        return self._listed(
            manifest,
            "NonRemovableFromUISystemExtensions",
            lambda profile: profile.non_removable_from_ui,
            allowed=False,
        )

    def removable(self, manifest: Manifest) -> Ruling | None:
        """The ruling by which who asked for an extension may remove it without authority."""
        return self._listed(
            manifest, "RemovableSystemExtensions", lambda profile: profile.removable
        )

    def _kind_left_out(self, team: str, kind: str) -> Ruling | None:
        naming = [profile for profile in self._profiles if team in profile.types]
        if not naming or any(kind in profile.types[team] for profile in naming):
            return None
        return _ruling(naming[0], "AllowedSystemExtensionTypes", allowed=False)

    def _listed(
        self,
        manifest: Manifest,
        key: str,
        lists: Callable[[Profile], Teams],
        *,
        allowed: bool = True,
    ) -> Ruling | None:
        team = _team(manifest)
        return self._listing(
            key,
            lambda profile: manifest.bundle_id in lists(profile).get(team, ()),
            allowed=allowed,
        )

    def _listing(
        self, key: str, applies: Callable[[Profile], bool], *, allowed: bool = True
    ) -> Ruling | None:
        for profile in self._profiles:
            if applies(profile):
                return _ruling(profile, key, allowed=allowed)
        return None


def _team(manifest: Manifest) -> str:
    return manifest.team_id if manifest.trusted else ""


def _ruling(profile: Profile, key: str, *, allowed: bool) -> Ruling:
    return Ruling(allowed, profile.identifier, profile.name, profile.file, key)
