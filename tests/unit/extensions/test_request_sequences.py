"""Any sequence of requests, decisions, removals, mode changes and restarts keeps the rules."""

import plistlib
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.extensions.manifest import read_manifest
from runtime.extensions.staging import Staged
from runtime.extensions.takeovers import Answer
from runtime.model import archive
from runtime.model.content import content_hash
from runtime.model.errors import ProblemError
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, EntryId
from runtime.model.records import DeviceHit, Extension, Request, RequestState
from tests.unit.extensions.conftest import Bench

USERS = (1000, 1001)
BUNDLES = ("com.example.a", "com.example.b")
VERSIONS = ("1", "2", "3")
IN_FORCE = (ExtensionState.ACTIVE, ExtensionState.DISABLED, ExtensionState.UPGRADING)


def staged(bundle_id: str, version: str) -> Staged:
    info = {
        "CFBundleIdentifier": bundle_id,
        "CFBundleExecutable": "Driver",
        "CFBundlePackageType": "DEXT",
        "CFBundleShortVersionString": "1.0",
        "CFBundleVersion": version,
        "OSBundleUsageDescription": "Drives.",
        "IOKitPersonalities": {"One": {"IOProviderClass": "IOService", "IOUserClass": "Driver"}},
    }
    files = {"Info.plist": plistlib.dumps(info), "Driver.py": b""}
    data = archive.pack(files)
    manifest = read_manifest(files, "X.dext")
    return Staged(manifest, content_hash(data), "App", "/App.app", len(data))


STAGED = {(bundle, version): staged(bundle, version) for bundle in BUNDLES for version in VERSIONS}


class Requests(RuleBasedStateMachine):
    """Drives extensions; keeps of its own only what was approved and not removed since."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name))
        self.approved: set[tuple[str, str, int]] = set()

    def teardown(self) -> None:
        self.bench.store.close()
        self.folder.cleanup()

    def requests(self) -> list[Request]:
        return self.bench.extensions.requests()

    @rule(what=st.sampled_from(sorted(STAGED)), uid=st.sampled_from(USERS))
    def ask(self, what: tuple[str, str], uid: int) -> None:
        one = STAGED[what]
        request = self.bench.ask(one, uid)
        known = (what[0], one.content_hash, uid) in self.approved
        at_once = known and self.bench.extensions.developer
        assert (request.state is RequestState.COMPLETED) == at_once

    @precondition(lambda self: bool(self.requests()))
    @rule(data=st.data(), approve=st.booleans())
    def decide(self, data: st.DataObject, *, approve: bool) -> None:
        self.answer(data.draw(st.sampled_from(self.requests())), approve=approve)

    @rule(what=st.sampled_from(sorted(STAGED)), uid=st.sampled_from(USERS))
    def ask_and_approve(self, what: tuple[str, str], uid: int) -> None:
        self.bench.extensions.set_developer(on=True, by="admin")
        self.ask(what, uid)
        key = (what[0], STAGED[what].content_hash, uid)
        asked = [r for r in self.requests() if (r.bundle_id, r.content_hash, r.uid) == key]
        self.answer(asked[-1], approve=True)

    def answer(self, request: Request, *, approve: bool) -> None:
        try:
            decided = self.bench.answer(request, approve=approve)
        except ProblemError as refusal:
            code = refusal.code
        else:
            code = "" if decided.state is request.state else "done"
        waited = request.state is RequestState.WAITING
        may_run = self.bench.extensions.developer or not request.activates
        blocked = waited and approve and not may_run
        assert (code == "developer-mode") == blocked
        assert (code == "done") == (waited and not blocked)
        key = (request.bundle_id, request.content_hash, request.uid)
        if code == "done" and request.removes:
            self.removed(request.bundle_id if approve else "")
        elif code == "done" and request.activates:
            self.approved = self.approved | {key} if approve else self.approved - {key}

    @rule(bundle=st.sampled_from(BUNDLES))
    def deactivate(self, bundle: str) -> None:
        there = [e for e in self.bench.extensions.extensions() if e.bundle_id == bundle]
        try:
            gone = self.bench.extensions.removals.remove(BundleId(bundle), "admin")
        except ProblemError as refusal:
            removed = refusal.code != "not-found"
        else:
            removed = gone.state is ExtensionState.REMOVED
        assert removed == bool(there)
        if there:
            self.removed(bundle)

    def removed(self, bundle: str) -> None:
        self.approved = {key for key in self.approved if key[0] != bundle}

    @rule(bundle=st.sampled_from(BUNDLES), uid=st.sampled_from(USERS))
    def ask_removal(self, bundle: str, uid: int) -> None:
        there = [e for e in self.bench.extensions.extensions() if e.bundle_id == bundle]
        if there:
            assert self.bench.ask_removal(uid, bundle).removes

    @rule(what=st.sampled_from(sorted(STAGED)), path=st.sampled_from("ab"))
    def take(self, what: tuple[str, str], path: str) -> None:
        device = DeviceHit(EntryId(1), "Keyboard", path, 1, "", "it is the only keyboard")
        bundle_id, content_hash = BundleId(what[0]), STAGED[what].content_hash
        answer = self.bench.extensions.takeovers.ask(bundle_id, content_hash, device)
        answers = [
            request.state
            for request in self.requests()
            if request.takes
            and (request.content_hash, request.devices) == (content_hash, (device,))
        ]
        if answer is Answer.GRANTED:
            assert answers[-1] is RequestState.COMPLETED
        elif answer is Answer.DENIED:
            assert answers[-1] is RequestState.DENIED

    @precondition(lambda self: bool(self.requests()))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.requests()))
        try:
            undone = self.bench.extensions.retractions.undo(request.id, "admin")
        except ProblemError as refusal:
            code, state = refusal.code, request.state
        else:
            code, state = "", undone.state
        assert code in ("", "stale")
        assert code == "stale" or state is RequestState.WAITING
        if not code and request.activates:
            self.approved -= {(request.bundle_id, request.content_hash, request.uid)}

    @rule(bundle=st.sampled_from(BUNDLES))
    def revoke(self, bundle: str) -> None:
        known = [e for e in self.bench.extensions.extensions() if e.bundle_id == bundle]
        approved = [e for e in known if e.state in (*IN_FORCE, ExtensionState.GIVING_WAY)]
        if approved:
            self.bench.extensions.retractions.revoke(BundleId(bundle), "", "admin")
            self.removed(bundle)

    @rule(on=st.booleans())
    def developer(self, *, on: bool) -> None:
        self.bench.extensions.set_developer(on=on, by="admin")

    @rule()
    def restart(self) -> None:
        before = (self.bench.extensions.extensions(), self.requests())
        self.bench.restart()
        assert (self.bench.extensions.extensions(), self.requests()) == before
        assert self.bench.store.notes == ()

    @precondition(lambda self: bool(self.bench.extensions.extensions()))
    @rule(data=st.data())
    def lose_a_copy(self, data: st.DataObject) -> None:
        extension = data.draw(st.sampled_from(self.bench.extensions.extensions()))
        self.bench.extensions.broken(extension.id, "its copy is gone")

    @rule(bundle=st.sampled_from(BUNDLES), well=st.booleans())
    def end_upgrade(self, bundle: str, *, well: bool) -> None:
        upgrades, bundle_id = self.bench.extensions.upgrades, BundleId(bundle)
        before = upgrades.of(bundle_id)
        if well:
            upgrades.settle(bundle_id)
        else:
            upgrades.roll_back(bundle_id, "it crashed")
        assert upgrades.of(bundle_id) is None
        states = {one.id: one.state for one in self.bench.extensions.extensions()}
        if before is not None:
            stays, goes = (before.new, before.old) if well else (before.old, before.new)
            assert states[stays.record.id] is ExtensionState.ACTIVE
            assert states.get(goes.record.id) not in IN_FORCE

    @invariant()
    def what_gives_way_does_so_to_another(self) -> None:
        known = self.bench.extensions.extensions()
        giving = [e.bundle_id for e in known if e.state is ExtensionState.GIVING_WAY]
        taking = [e.bundle_id for e in known if e.state is ExtensionState.UPGRADING]
        assert sorted(giving) == sorted(taking)

    @invariant()
    def only_what_was_approved_runs(self) -> None:
        approved = {(bundle, content) for bundle, content, _ in self.approved}
        for active in self.bench.extensions.active():
            extension = active.extension
            assert (extension.bundle_id, extension.content_hash) in approved
            assert self.bench.extensions.developer

    @invariant()
    def one_version_is_in_force(self) -> None:
        bundles = [e.bundle_id for e in self.bench.extensions.extensions() if e.state in IN_FORCE]
        assert len(bundles) == len(set(bundles))

    @invariant()
    def what_waits_is_known_and_waits_once(self) -> None:
        known = {e.id: e.state for e in self.bench.extensions.extensions()}
        waiting = [r for r in self.requests() if r.state is RequestState.WAITING]
        of_apps = [r for r in waiting if not r.takes]
        assert len({(r.bundle_id, r.uid) for r in of_apps}) == len(of_apps)
        of_devices = [r for r in waiting if r.takes]
        assert len({(r.extension, r.devices[0].path) for r in of_devices}) == len(of_devices)
        for request in waiting:
            if request.takes:
                assert known[request.extension] in (*IN_FORCE, ExtensionState.GIVING_WAY)
            if request.removes:
                assert request.extension.split("@")[0] in {key.split("@")[0] for key in known}
                continue
            assert known[request.extension] in (
                *IN_FORCE,
                ExtensionState.WAITING,
                ExtensionState.GIVING_WAY,
            )
        asked = {request.extension for request in waiting if request.activates}
        assert {key for key, state in known.items() if state is ExtensionState.WAITING} <= asked

    @invariant()
    def listeners_know_what_is(self) -> None:
        heard: dict[str, Extension | Request] = {record.id: record for record in self.bench.changed}
        now: list[Extension | Request] = [*self.bench.extensions.extensions(), *self.requests()]
        for record in now:
            assert heard[record.id] == record


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
