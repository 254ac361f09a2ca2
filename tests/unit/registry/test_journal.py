"""The journal: numbers, bounds, restarts, broken files."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.model import events
from runtime.model.errors import UnavailableError
from runtime.model.identity import DriverId
from runtime.registry.journal import Journal

NOBODY = DriverId(0)


def _note(journal: Journal, text: str) -> events.Event:
    return journal.append(events.Noted(text), 7, "IOService:/a", NOBODY, 1)


def test_numbers_continue_across_restarts(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal.db")
    kept = [_note(first, "one"), _note(first, "two")]
    first.close()
    second = Journal(tmp_path / "journal.db")
    kept.append(_note(second, "three"))
    assert [event.number for event in kept] == [1, 2, 3]
    assert second.recent(10) == kept
    assert second.recent(2) == kept[1:]
    second.close()


def test_what_was_not_flushed_is_lost_and_what_was_is_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    flushed = _note(journal, "flushed")
    journal.flush()
    _note(journal, "waiting")
    other = Journal(path)  # as after a crash: what the file holds now
    assert other.recent(10) == [flushed]
    other.close()
    journal.close()


def test_only_the_newest_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", keep=10)
    for number in range(1, 2502):
        _note(journal, str(number))
        if number % 100 == 0:
            journal.flush()
    journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as database:
        rows = database.execute("SELECT min(number), max(number) FROM events").fetchone()
    database.close()
    assert rows[1] == 2501
    assert rows[1] - rows[0] <= 10 + 1_000


def test_broken_file_is_set_aside_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for number in (1, 2):
        path.write_bytes(b"this is no database" * 100)
        journal = Journal(path)
        assert f"journal.db.broken-{number}" in journal.repaired
        assert _note(journal, "new").number == 1
        journal.close()
    assert (tmp_path / "journal.db.broken-1").read_bytes().startswith(b"this is no database")


def test_damage_inside_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    for number in range(2000):
        _note(journal, f"event {number}")
    journal.close()
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 6] = b"\xff" * (4096 * 4)
    path.write_bytes(data)
    repaired = Journal(path)
    assert repaired.repaired
    assert repaired.recent(5) == []
    repaired.close()


def test_foreign_schema_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    journal = Journal(path)
    assert "expected schema 3, found 99" in journal.repaired
    journal.close()


def test_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="expected a file to write to"):
        Journal(tmp_path / "absent" / "journal.db")


def test_events_wait_while_the_disk_refuses(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    blocker = sqlite3.connect(path)
    blocker.execute("BEGIN IMMEDIATE")
    kept = _note(journal, "patient")
    with pytest.raises(UnavailableError, match="expected to write events"):
        journal.flush()
    blocker.rollback()
    blocker.close()
    journal.flush()
    assert journal.recent(1) == [kept]
    journal.close()


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.rename(path.with_name("x"))])
def test_a_file_that_goes_while_it_is_written_is_made_again(
    tmp_path: Path, lose: Callable[[Path], object]
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    segments = journal.segments()
    _note(journal, "lost")
    journal.flush()
    assert journal.heal() == ""
    lose(path)
    kept = _note(journal, "kept")
    assert journal.heal() == (
        "The journal was lost while it was written. It was gone, and a new one was begun."
    )
    assert journal.heal() == ""
    journal.flush()
    segments.write([(segments.begin(), 1, b"chunk")])
    assert (kept.number, journal.recent(9)) == (2, [kept])
    journal.close()
    again = Journal(path)
    assert (again.repaired, again.recent(9)) == ("", [kept])
    again.close()


def test_a_file_that_breaks_while_it_is_written_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    _note(journal, "lost")
    journal.flush()
    journal._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 4)
    journal._database.execute("PRAGMA cache_size = 0")
    journal._database.execute("PRAGMA shrink_memory")
    kept = _note(journal, "kept")
    with pytest.raises(UnavailableError, match="malformed") as broken:
        journal.flush()
    assert "set aside as journal.db.broken-1" in journal.heal(broken.value)
    journal.flush()
    assert journal.recent(9) == [kept]
    journal.close()


def test_no_new_file_is_one_sentence_and_everything_waits(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    journal = Journal(folder / "journal.db")
    kept = _note(journal, "kept")
    shutil.rmtree(folder)
    with pytest.raises(UnavailableError, match="expected a new file, found"):
        journal.heal()
    folder.mkdir()
    assert journal.heal()
    journal.flush()
    assert journal.recent(9) == [kept]
    journal.close()
