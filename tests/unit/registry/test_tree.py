"""The registry against a plain dictionary, and its single rules."""

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from runtime.model import properties
from runtime.model.entry import Entry, Holder, Kind, State
from runtime.model.errors import ProblemError
from runtime.model.identity import ROOT_ID, EntryId
from runtime.registry.tree import Change, Changed, Gone, Registry

NAMES = st.text("ab/@", min_size=1, max_size=3)


class _Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def _registry() -> tuple[Registry, list[Change], _Clock]:
    changes: list[Change] = []
    clock = _Clock()
    return Registry(clock, changes.append), changes, clock


class Storm(RuleBasedStateMachine):
    """Random attachments, removals, holds and busy counts; the mirror follows the changes."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.mirror: dict[EntryId, Entry] = {}
        self.parents: dict[EntryId, EntryId] = {}
        self.order: dict[EntryId, list[EntryId]] = {ROOT_ID: []}
        self.held: dict[EntryId, int] = {}
        self.busy: dict[EntryId, int] = {}
        self.used: set[EntryId] = {ROOT_ID}
        self.registry = Registry(lambda: 0, self.follow)

    def follow(self, change: Change) -> None:
        if isinstance(change, Changed):
            self.mirror[change.entry.id] = change.entry
        else:
            del self.mirror[change.id]
            assert change.entry.state & State.INACTIVE

    @rule(target=ids, parent=ids | st.just(ROOT_ID), name=NAMES)
    def attach(self, parent: EntryId, name: str) -> EntryId:
        if parent not in self.order:
            with pytest.raises(ProblemError):
                self.registry.attach(parent, name, "IOService")
            return parent
        made = self.registry.attach(parent, name, "IOService")
        assert made not in self.used
        self.used.add(made)
        self.parents[made] = parent
        self.order[parent].append(made)
        self.order[made] = []
        return made

    @rule(victim=consumes(ids))
    def terminate(self, victim: EntryId) -> None:
        removed = self.registry.terminate(victim)
        expected = self._subtree(victim) if victim in self.order else []
        assert removed == list(reversed(expected))
        for gone in expected:
            del self.order[gone]
            self.held.pop(gone, None)
            self.busy.pop(gone, None)
        if expected:
            self.order[self.parents[victim]].remove(victim)

    @rule(entry=ids)
    def hold(self, entry: EntryId) -> None:
        if entry in self.order:
            self.registry.hold(entry)
            self.held[entry] = self.held.get(entry, 0) + 1

    @rule(entry=ids)
    def drop(self, entry: EntryId) -> None:
        if self.held.get(entry) or entry not in self.order:
            self.registry.drop(entry)
            if entry in self.order:
                self.held[entry] -= 1

    @rule(entry=ids, up=st.booleans())
    def adjust_busy(self, entry: EntryId, up: bool) -> None:
        if entry in self.order and (up or self.busy.get(entry)):
            self.registry.adjust_busy(entry, 1 if up else -1)
            self.busy[entry] = self.busy.get(entry, 0) + (1 if up else -1)

    @invariant()
    def walk_is_the_mirror_in_order(self) -> None:
        walked = list(self.registry.walk())
        assert [entry.id for entry in walked] == self._subtree(ROOT_ID)
        assert {entry.id: entry for entry in walked} == self.mirror
        assert len(self.registry) == len(walked)

    @invariant()
    def retain_counts_plane_children_openers(self) -> None:
        for entry in self.registry.walk():
            expected = 1 + len(self.order[entry.id]) + self.held.get(entry.id, 0)
            assert entry.retain == expected

    @invariant()
    def busy_is_own_plus_busy_children(self) -> None:
        for entry in self.registry.walk():
            below = [self.mirror[child] for child in self.order[entry.id]]
            expected = self.busy.get(entry.id, 0) + sum(child.busy > 0 for child in below)
            assert entry.busy == expected

    @invariant()
    def paths_lead_back(self) -> None:
        for entry in self.registry.walk():
            path = self.registry.path(entry.id)
            found = self.registry.find(path)
            assert found is not None
            assert self.registry.path(found) == path

    def _subtree(self, top: EntryId) -> list[EntryId]:
        found = [top]
        for child in self.order[top]:
            found += self._subtree(child)
        return found


TestStorm = Storm.TestCase
TestStorm.settings = settings(max_examples=40, stateful_step_count=30)


def test_first_ids_are_apples() -> None:
    registry, changes, _ = _registry()
    child = registry.attach(ROOT_ID, "a", "IOService")
    assert changes[0] == Changed(
        Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN))
    )
    assert (ROOT_ID, child) == (0x100000100, 0x100000101)


def test_change_is_told_once_and_only_where_something_differs() -> None:
    registry, changes, _ = _registry()
    child = registry.attach(ROOT_ID, "a", "IOService", props={"x": 1})
    changes.clear()
    registry.merge_properties(child, {"y": b"\x01"})
    registry.merge_properties(child, {"y": b"\x01"})
    assert len(changes) == 1
    assert properties.decode(registry.entry(child).props) == {"x": 1, "y": b"\x01"}


def test_plain_classes_have_no_service_state() -> None:
    registry, _, _ = _registry()
    folder = registry.attach(ROOT_ID, "virtual", "IORegistryEntry", kind=Kind.NUB)
    assert registry.entry(folder).state == State.PLAIN


def test_holder_and_driver_are_set_together() -> None:
    registry, _, _ = _registry()
    child = registry.attach(ROOT_ID, "a", "IOUSBHostDevice")
    entry = registry.set_holder(child, Holder.EXTENSION, "My", 7)
    assert (entry.holder, entry.driver, entry.pid) == (Holder.EXTENSION, "My", 7)


def test_busy_time_adds_up_below_a_millisecond() -> None:
    registry, _, clock = _registry()
    child = registry.attach(ROOT_ID, "a", "IOService")
    for _ in range(3):
        registry.adjust_busy(child, 1)
        clock.now += 500_000
        registry.adjust_busy(child, -1)
    assert registry.entry(child).busy_ms == 1
    assert registry.entry(ROOT_ID).busy_ms == 1


def test_busy_below_zero_is_a_defect() -> None:
    registry, _, _ = _registry()
    with pytest.raises(ValueError, match="busy count would be -1"):
        registry.adjust_busy(ROOT_ID, -1)


def test_terminated_busy_entry_no_longer_keeps_its_provider_busy() -> None:
    registry, changes, _ = _registry()
    child = registry.attach(ROOT_ID, "a", "IOService")
    leaf = registry.attach(child, "b", "IOService")
    registry.adjust_busy(leaf, 1)
    assert registry.entry(ROOT_ID).busy == 1
    registry.terminate(child)
    assert registry.entry(ROOT_ID).busy == 0
    gone = [change for change in changes if isinstance(change, Gone)]
    assert [(g.id, g.path) for g in gone] == [(leaf, "IOService:/a/b"), (child, "IOService:/a")]


def test_root_stays_and_what_is_gone_is_named_in_the_refusal() -> None:
    registry, _, _ = _registry()
    assert registry.terminate(ROOT_ID) == []
    with pytest.raises(ProblemError, match="registry entry 0x5: expected a live entry"):
        registry.entry(EntryId(5))


def test_conforming_follows_inheritance() -> None:
    registry, _, _ = _registry()
    hub = registry.attach(ROOT_ID, "usb1", "IOUSBRootHubDevice")
    registry.attach(ROOT_ID, "eth0", "IONetworkInterface")
    assert [entry.id for entry in registry.conforming("IOUSBHostDevice")] == [hub]


def test_many_siblings_come_and_go_in_linear_time() -> None:
    registry = Registry(lambda: 0, lambda _change: None)
    ids = [registry.attach(ROOT_ID, str(n), "IOService") for n in range(20_000)]
    for entry in ids:
        registry.terminate(entry)
    assert len(registry) == 1
    assert registry.entry(ROOT_ID).retain == 1


def test_properties_may_come_encoded() -> None:
    registry, _, _ = _registry()
    raw = properties.encode({"k": "v"})
    child = registry.attach(ROOT_ID, "a", "IOService", props=raw)
    assert isinstance(registry.entry(child).props, msgspec.Raw)
    assert properties.decode(registry.entry(child).props) == {"k": "v"}
