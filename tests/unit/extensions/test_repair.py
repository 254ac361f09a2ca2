"""A store that is damaged or disagrees with itself: what can be read is kept, and it is told."""

import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.extensions.contents import Changes, KnownExtension, StoredDecision
from runtime.extensions.drafts import new_extension
from runtime.extensions.soundness import repairs
from runtime.extensions.staging import Staged
from runtime.extensions.store import FILE, Store
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, ContentHash
from runtime.model.records import RequestState
from tests.unit.extensions.conftest import Bench

DECISIONS = {
    (BundleId("com.example.driver"), ContentHash(f"{number:064}"), 1000): StoredDecision(
        approved=True, by="admin", note="n" * 200, wall_ns=number
    )
    for number in range(100)
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 100 decisions on some ten pages, closed."""
    folder = tmp_path_factory.mktemp("full")
    store = Store(folder)
    store.commit(Changes(decisions={**DECISIONS}, number=7))
    store.close()
    return folder / FILE


def test_what_lies_around_the_damage_is_kept(full: Path, tmp_path: Path) -> None:
    data = bytearray(full.read_bytes())
    half = data.index(b"%064d" % 50)
    page = half - half % 4096
    data[page : page + 4096] = b"\xff" * 4096
    (tmp_path / FILE).write_bytes(data)
    store = Store(tmp_path)
    found = store.read().decisions
    store.close()
    assert len(DECISIONS) > len(found) > len(DECISIONS) // 2
    assert found.items() <= DECISIONS.items()
    (note,) = store.notes
    assert f"{FILE}.broken-1" in note
    assert (tmp_path / f"{FILE}.broken-1").read_bytes() == bytes(data)
    again = Store(tmp_path)
    assert (again.notes, again.read().decisions) == ((), found)
    again.close()


@settings(max_examples=40)
@given(data=st.data())
def test_any_damage_is_survived_and_makes_nothing_up(
    full: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(full.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(100, len(content) - 64))  # after the file's header
        content[at : at + 32] = data.draw(st.binary(min_size=32, max_size=32))
    (folder / FILE).write_bytes(content[: data.draw(st.integers(4096, len(content)))])
    store = Store(folder)
    kept = store.read().decisions
    store.close()
    exact = sum(DECISIONS.get(key) == decision for key, decision in kept.items())
    assert exact >= len(kept) - 8, "only what was overwritten may be another"
    shutil.rmtree(folder)


def test_a_decision_that_cannot_be_decoded_costs_only_itself(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    bench.store.close()
    with sqlite3.connect(bench.state_dir / FILE) as connection:
        connection.execute("UPDATE decisions SET record = x'00'")
    connection.close()
    bench.open()
    (extension,) = bench.extensions.extensions()
    assert extension.state is ExtensionState.INVALID
    assert "nobody approved it" in extension.note
    assert bench.extensions.active() == [], "no approval, no run"
    assert bench.extensions.developer
    assert len(bench.store.notes) == 2
    assert bench.ask(staged).state is RequestState.WAITING


def in_state(staged: Staged, number: int, state: ExtensionState) -> KnownExtension:
    """A version of one bundle in some state."""
    known = new_extension(f"com.example@{number}", staged)
    content_hash = ContentHash(f"{number:064}")
    record = msgspec.structs.replace(known.record, state=state, content_hash=content_hash)
    return KnownExtension(record, known.manifest)


_S = ExtensionState


@pytest.mark.parametrize(
    ("states", "after"),
    [
        ([_S.ACTIVE], [_S.ACTIVE]),
        ([_S.ACTIVE, _S.ACTIVE], [_S.INVALID, _S.ACTIVE]),
        ([_S.GIVING_WAY, _S.UPGRADING], [_S.GIVING_WAY, _S.UPGRADING]),
        ([_S.UPGRADING, _S.GIVING_WAY], [_S.UPGRADING, _S.GIVING_WAY]),
        ([_S.DISABLED, _S.ACTIVE, _S.DENIED], [_S.INVALID, _S.ACTIVE, _S.DENIED]),
        ([_S.WAITING], [_S.INVALID]),
    ],
)
def test_of_a_bundle_one_version_is_in_force(
    bench: Bench, staged: Staged, states: list[ExtensionState], after: list[ExtensionState]
) -> None:
    changes = Changes()
    for number, state in enumerate(states):
        known = in_state(staged, number, state)
        key = (known.record.bundle_id, known.record.content_hash, 1000)
        changes.extensions[known.record.id] = known
        changes.decisions[key] = StoredDecision(approved=True, by="admin", note="", wall_ns=0)
    bench.store.commit(changes)
    bench.restart()
    assert [each.state for each in bench.extensions.extensions()] == after
    assert len(bench.store.notes) == after.count(_S.INVALID)
    bench.restart()
    assert bench.store.notes == (), "what was repaired agrees with itself"
    assert repairs(bench.store.read()) == (Changes(), [])
