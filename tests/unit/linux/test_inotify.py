"""What leaves a folder is told by name, and nothing else is."""

import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.linux.inotify import Departures


@pytest.fixture
def departures() -> Iterator[Departures]:
    made = Departures()
    yield made
    made.close()
    made.close()


def told(departures: Departures) -> set[str]:
    select.select([departures], [], [], 10)
    return departures.take()


def test_what_is_deleted_or_moved_away_is_told(departures: Departures, tmp_path: Path) -> None:
    for name in ("kept.app", "deleted.app", "moved.app"):
        (tmp_path / "a" / name).mkdir(parents=True)
    departures.follow(tmp_path / "a")
    departures.follow(tmp_path / "a")
    (tmp_path / "a" / "new.app").mkdir()
    (tmp_path / "a" / "kept.app" / "inside").write_text("")
    (tmp_path / "a" / "deleted.app").rmdir()
    (tmp_path / "a" / "moved.app").rename(tmp_path / "moved.app")
    assert told(departures) == {"deleted.app", "moved.app"}
    assert departures.take() == set()


def test_a_folder_that_goes_itself_is_told_by_no_name(
    departures: Departures, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    departures.follow(folder)
    folder.rmdir()
    assert told(departures) == {""}


def test_only_folders_are_followed(departures: Departures, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("file", "nothing"):
        with pytest.raises(OSError, match="inotify_add_watch"):
            departures.follow(tmp_path / name)
