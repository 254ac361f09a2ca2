"""The configuration profiles of this machine: added and removed with everything they decide.

Invariant: a profile and what follows from it are one transaction.
"""

from collections.abc import Callable

import msgspec

from runtime.extensions.enforcing import enforce, ruled
from runtime.extensions.ledger import Ledger
from runtime.extensions.policy import Policy
from runtime.extensions.transaction import Transaction
from runtime.extensions.upgrades import conclude
from runtime.model.errors import ProblemError
from runtime.model.events import ProfileChanged
from runtime.model.policy import Profile

MOST = 64  # profiles of one machine


class Profiles:
    """The profiles; their only writer. `now` returns nanoseconds since 1970."""

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now

    def all(self) -> list[Profile]:
        """In the order in which they were added."""
        return list(self._ledger.profiles.values())

    def add(self, profile: Profile, by: str) -> Profile:
        """Add a profile, in place of one with its identifier, and do what it says.

        Raises:
            ProblemError: ``busy``: there are too many.
            UnavailableError: The store cannot be written; nothing has changed.
        """
        count = len({*self._ledger.profiles, profile.identifier})
        if count > MOST:
            raise ProblemError(
                "busy", f"{profile.file}: expected at most {MOST} profiles, found as many"
            )
        now = self._now()
        profile = msgspec.structs.replace(profile, by=by, wall_ns=now)
        self._exchange(
            now,
            profile.identifier,
            profile,
            ProfileChanged(profile.identifier, profile.name, True, by),
        )
        return profile

    def remove(self, identifier: str, by: str) -> Profile:
        """Remove a profile; what only it allowed is deactivated.

        Raises:
            ProblemError: ``not-found``: there is none.
            UnavailableError: The store cannot be written; nothing has changed.
        """
        profile = self._ledger.profiles.get(identifier)
        if profile is None:
            raise ProblemError(
                "not-found", f"profile {identifier}: expected one of that identifier, found none"
            )
        told = ProfileChanged(identifier, profile.name, False, by)
        self._exchange(self._now(), identifier, None, told)
        return profile

    def _exchange(
        self, now: int, identifier: str, profile: Profile | None, told: ProfileChanged
    ) -> None:
        change = Transaction(self._ledger, now)
        change.changes.profiles[identifier] = profile
        change.details.append(told)
        left = {**self._ledger.profiles}
        left.pop(identifier, None)
        if profile is not None:
            left[identifier] = profile
        policy = Policy(left.values())
        conclude(change, self._ledger)
        for before in list(self._ledger.extensions.values()):
            after = ruled(change.extension(before.record.id), policy)
            enforce(change, self._ledger, before, after)
        change.apply()
