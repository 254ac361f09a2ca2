"""The store: what is acknowledged is kept, a broken file is set aside, a folder may be wrong."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.extensions.contents import Changes, StoredDecision
from runtime.extensions.migrations import MIGRATIONS, schema, version_of
from runtime.extensions.staging import Staged
from runtime.extensions.store import FILE, Store
from runtime.model.errors import UnavailableError
from runtime.model.identity import BundleId, ContentHash
from runtime.model.records import RequestState
from tests.unit.extensions.conftest import Bench

WRITER = """
import sys
from pathlib import Path
from runtime.extensions.contents import Changes, StoredDecision
from runtime.extensions.store import Store
store = Store(Path(sys.argv[1]))
for uid in range(1_000_000):
    key = ("com.example.driver", "0" * 64, uid)
    store.commit(Changes(decisions={key: StoredDecision(True, "admin", "", uid)}, number=uid))
    print(uid, flush=True)
"""


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    acknowledged = -1
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        with child.stdout:
            for line in child.stdout:
                acknowledged = int(line)
                if acknowledged % 20 == 19:
                    break
            os.kill(child.pid, signal.SIGKILL)
            rest = child.stdout.read().split()
        child.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        store = Store(tmp_path)
        contents = store.read()
        store.close()
        assert store.notes == ()
        assert contents.number >= acknowledged >= 19
        uids = {uid for _, _, uid in contents.decisions}
        assert uids >= set(range(acknowledged + 1))


def test_a_broken_file_is_set_aside_and_said(bench: Bench, staged: Staged) -> None:
    bench.ask(staged)
    bench.store.close()
    path = bench.state_dir / FILE
    path.write_bytes(b"this is no database" * 100)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{FILE}{suffix}").unlink(missing_ok=True)
    bench.open()
    assert bench.extensions.extensions() == []
    (note,) = bench.store.notes
    assert "was broken" in note
    assert "0 of its records could be read and 0 not" in note
    assert "extensions.sqlite.broken-1" in note
    assert (bench.state_dir / f"{FILE}.broken-1").read_bytes().startswith(b"this is no")
    bench.ask(staged)


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TABLE decisions",
        "UPDATE extensions SET record = x'00'",
        "UPDATE requests SET record = 'text'",
    ],
)
def test_a_file_with_foreign_content_is_set_aside(bench: Bench, staged: Staged, harm: str) -> None:
    bench.ask(staged)
    bench.store.close()
    connection = sqlite3.connect(bench.state_dir / FILE)
    with connection:
        connection.execute(harm)
    connection.close()
    bench.open()
    assert "was broken" in bench.store.notes[0]
    assert bench.extensions.active() == []
    assert bench.ask(staged).state is RequestState.WAITING, "it can be asked for again"


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    for script in (*MIGRATIONS, "CREATE TABLE later (number INTEGER);"):
        connection.executescript(script)
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(UnavailableError, match="of a newer program"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if "broken" in path.name] == []


@pytest.mark.parametrize("number", [0, 1, len(MIGRATIONS) + 1, 0x7FFFFFFF, -1])
def test_a_damaged_number_of_the_version_is_mended_and_said(
    bench: Bench, staged: Staged, number: int
) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    bench.answer(bench.ask(staged))
    bench.store.close()
    with contextlib.closing(sqlite3.connect(bench.store.path)) as connection:
        connection.execute(f"PRAGMA user_version={number}")
    bench.open()
    (said,) = bench.store.notes
    assert f"said that it is of version {number} " in said
    assert len(bench.extensions.active()) == 1
    assert not bench.store.keeps_broken()
    bench.open()
    assert bench.store.notes == (), "it is mended"


def test_every_migration_changes_the_schema() -> None:
    """By it a damaged number is told from a newer program's file."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        assert version_of(schema(connection)) == 0
        for version, script in enumerate(MIGRATIONS, start=1):
            connection.executescript(script)
            assert version_of(schema(connection)) == version


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="expected a database that can be written, found"):
        Store(tmp_path / "file" / "state")


def test_a_file_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(UnavailableError, match="expected a database that can be written, found"):
        Store(tmp_path)


def test_what_cannot_be_written_changes_nothing(bench: Bench, staged: Staged) -> None:
    request = bench.ask(staged)
    other = sqlite3.connect(bench.state_dir / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said = list(bench.said)
    with pytest.raises(UnavailableError, match="database is locked"):
        bench.answer(request, approve=False)
    assert bench.extensions.requests() == [request]
    assert bench.said == said
    other.execute("ROLLBACK")
    other.close()
    bench.answer(request, approve=False)


def test_the_file_is_the_owners_alone(bench: Bench) -> None:
    assert (bench.state_dir / FILE).stat().st_mode & 0o777 == 0o600


def test_a_removed_decision_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = (BundleId("com.example.driver"), ContentHash("0" * 64), 1000)
    decision = StoredDecision(approved=True, by="admin", note="", wall_ns=1)
    store.commit(Changes(decisions={key: decision}, developer=True))
    store.close()
    store = Store(tmp_path)
    assert store.read().decisions == {key: decision}
    assert store.read().developer
    store.commit(Changes(decisions={key: None}))
    store.close()
    store = Store(tmp_path)
    assert store.read().decisions == {}
    store.close()


def test_a_file_that_was_removed_takes_no_more(bench: Bench, staged: Staged) -> None:
    bench.extensions.set_developer(on=True, by="admin")
    request = bench.ask(staged)
    (bench.state_dir / FILE).rename(bench.state_dir / "elsewhere")
    with pytest.raises(UnavailableError, match="found it removed"):
        bench.answer(request)
    assert bench.extensions.requests() == [request], "nothing has changed"
