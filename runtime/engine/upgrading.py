"""Watches versions that take over from others, and decides how that went.

The old version's drivers are told to stop, the new one is matched as each of them ends. When all
of them have ended and every driver of the new one has started, one at least, the upgrade is
settled; when one of these does not start, it is rolled back. Until a device of it comes, the new
version is on probation, and the old one is kept.
Runs in the event loop.
Invariant: an upgrade ends once; the ledger of extensions says which are under way.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from runtime.extensions.transaction import Upgrade
from runtime.extensions.upgrades import Upgrades
from runtime.model.driver_lifecycle import LIVE, DriverState
from runtime.model.identity import BundleId, ContentHash
from runtime.model.outcome import Stage
from runtime.model.records import Driver

_OVER = frozenset({DriverState.STOPPED, DriverState.QUARANTINED})
_NOT_STARTING = frozenset(
    {DriverState.RESTARTING, DriverState.QUARANTINED, DriverState.NOT_RESPONDING}
)


class Upgrading:
    """The upgrades that are under way.

    Args:
        upgrades: What the ledger knows of them.
        drivers: Every driver there is.
        rolled_back: Makes what may run equal to the ledger again.
    """

    def __init__(
        self,
        upgrades: Upgrades,
        drivers: Callable[[], Iterable[Driver]],
        rolled_back: Callable[[], None],
    ) -> None:
        self._upgrades = upgrades
        self._drivers = drivers
        self._rolled_back = rolled_back
        self._began: dict[BundleId, int] = {}  # when each was matched, ns since 1970

    def begin(self, bundle_id: BundleId) -> None:
        """The old version was told to stop, and the new one is in the catalogue."""
        if bundle_id in self._upgrades.bundles():
            self._began.setdefault(bundle_id, time.time_ns())
            self._look_soon(bundle_id)

    def driver_changed(self, driver: Driver) -> None:
        """A driver is otherwise: it may be one of an upgrade."""
        if driver.bundle_id in self._began:
            self._look_soon(driver.bundle_id)

    def _look_soon(self, bundle_id: BundleId) -> None:
        """Outside of whoever changed the driver: what follows may stop it."""
        asyncio.get_running_loop().call_soon(self._look, bundle_id)

    def _look(self, bundle_id: BundleId) -> None:
        upgrade = self._upgrades.of(bundle_id)
        if upgrade is None:
            self._began.pop(bundle_id, None)
            return
        began = self._began.get(bundle_id)
        if began is None:
            return
        drivers = [one for one in self._drivers() if one.bundle_id == bundle_id]
        new_hash = upgrade.new.record.content_hash
        failures = [why for one in drivers if (why := _failure(one, new_hash, began))]
        if failures:
            del self._began[bundle_id]
            self._upgrades.roll_back(bundle_id, failures[0])
            self._rolled_back()
            return
        holders = [one for one in drivers if one.content_hash != new_hash and one.state in LIVE]
        open_ones = [one for one in drivers if one.state not in _OVER]
        tried = any(_was_tried(one, new_hash, began) for one in drivers)
        if tried and all(one.content_hash == new_hash and _has_started(one) for one in open_ones):
            del self._began[bundle_id]
            self._upgrades.settle(bundle_id)
        else:
            waits = _held(holders, upgrade) or ("" if open_ones else _on_probation(upgrade))
            self._upgrades.hold(bundle_id, waits)


def _has_started(driver: Driver) -> bool:
    return any(step.stage is Stage.STARTED for step in driver.launch)


def _was_tried(driver: Driver, new_hash: ContentHash, began: int) -> bool:
    """Whether a driver of the new version has started in this upgrade, not in an earlier one."""
    now = driver.state not in _OVER or driver.since_wall_ns >= began
    return driver.content_hash == new_hash and now and _has_started(driver)


def _on_probation(upgrade: Upgrade) -> str:
    old = upgrade.old.record
    return (
        f"no device of it is there: {old.short_version} ({old.version}) is kept until a driver of "
        "it has started"
    )


def _failure(driver: Driver, new_hash: ContentHash, began: int) -> str:
    """Why a driver of the new version has failed to start; empty while it has not."""
    if driver.content_hash != new_hash or driver.since_wall_ns < began:
        return ""
    refused = driver.state is DriverState.STOPPED and driver.note
    if _has_started(driver) or not (refused or driver.state in _NOT_STARTING):
        return ""
    return f"its driver {driver.name} did not start ({driver.note or driver.state.value})"


def _held(holders: list[Driver], upgrade: Upgrade) -> str:
    if not holders:
        return ""
    names = ", ".join(f"{one.name} (pid {one.pid})" for one in holders)
    return f"waits until {names} of {upgrade.old.record.short_version} has stopped"
