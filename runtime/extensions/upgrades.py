"""Versions that take over from others, and how that ends.

An approved version takes over while the one before it gives way and is kept: when the new one
runs, the old one goes; when it does not start, the old one is in force again. Both survive the
end of the runtime, so that an upgrade goes on where it was.
Invariant: the caller says how it went; of one bundle at most one upgrade is under way.
"""

from collections.abc import Callable

import msgspec

from runtime.extensions.contents import KnownExtension
from runtime.extensions.drafts import advanced
from runtime.extensions.ledger import Ledger
from runtime.extensions.transaction import Transaction, Upgrade
from runtime.model.events import Noted
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState
from runtime.model.identity import BundleId
from runtime.model.records import Extension


class Upgrades:
    """The upgrades of one ledger; `now` returns nanoseconds since 1970.

    What changes something raises `UnavailableError` when the store cannot be written, and then
    nothing has changed; it does nothing where no upgrade is under way.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now

    def of(self, bundle_id: BundleId) -> Upgrade | None:
        """The upgrade of a bundle that is under way."""
        found = {
            known.record.state: known
            for known in self._ledger.extensions.values()
            if known.record.bundle_id == bundle_id
        }
        new, old = found.get(ExtensionState.UPGRADING), found.get(ExtensionState.GIVING_WAY)
        return Upgrade(new, old) if new is not None and old is not None else None

    def bundles(self) -> list[BundleId]:
        """The bundles with an upgrade under way."""
        return [
            known.record.bundle_id
            for known in self._ledger.extensions.values()
            if known.record.state is ExtensionState.UPGRADING
        ]

    def hold(self, bundle_id: BundleId, holders: str) -> None:
        """Say who still holds what the new version waits for; empty when nobody does."""
        upgrade = self.of(bundle_id)
        if upgrade is None or upgrade.new.record.note == holders:
            return
        change = Transaction(self._ledger, self._now())
        record = msgspec.structs.replace(upgrade.new.record, note=holders)
        change.put(KnownExtension(record, upgrade.new.manifest))
        change.apply()

    def settle(self, bundle_id: BundleId) -> None:
        """The new version runs, or nothing of it has to: the old one goes."""
        upgrade = self.of(bundle_id)
        if upgrade is not None:
            change = Transaction(self._ledger, self._now())
            change.settle(upgrade)
            new, old = upgrade.new.record, _version(upgrade.old.record)
            change.details.append(Noted(f"{new.name} {_version(new)} took over from {old}"))
            change.apply()

    def roll_back(self, bundle_id: BundleId, why: str) -> None:
        """The new version does not start: the old one is in force again."""
        upgrade = self.of(bundle_id)
        if upgrade is not None:
            change = Transaction(self._ledger, self._now())
            roll_back(change, self._ledger, upgrade, why)
            change.apply()


def conclude(change: Transaction, ledger: Ledger) -> None:
    """Settle what is under way: somebody changes what may run, and looks at one version each."""
    upgrades = Upgrades(ledger, lambda: change.now)
    for bundle_id in upgrades.bundles():
        upgrade = upgrades.of(bundle_id)
        if upgrade is not None:
            change.settle(upgrade)


def roll_back(change: Transaction, ledger: Ledger, upgrade: Upgrade, why: str) -> None:
    """Add a roll back to a transaction; the old version runs only where it may."""
    new, old = upgrade.new.record, _version(upgrade.old.record)
    change.roll_back(upgrade, f"{why}; {old} is in force again")
    change.details.append(
        Noted(f"{new.name} {_version(new)} did not take over: {why}; {old} is in force again")
    )
    _check_may_run(change, ledger, upgrade.old)


def restore(change: Transaction, ledger: Ledger, old: KnownExtension) -> None:
    """Put a version that gives way in force again; it runs only where it may."""
    change.put(advanced(old, ExtensionEvent.RESTORED))
    _check_may_run(change, ledger, old)


def _check_may_run(change: Transaction, ledger: Ledger, old: KnownExtension) -> None:
    restored = change.extension(old.record.id)
    if not (restored.manifest.trusted or ledger.developer):
        change.put(advanced(restored, ExtensionEvent.DEVELOPER_OFF))


def _version(record: Extension) -> str:
    return f"{record.short_version} ({record.version})"
