"""Files that a command writes: all of them or none."""

from pathlib import Path

import pytest

from runtime.commands.files import replace
from runtime.model.errors import ProblemError


def test_all_are_written_with_their_folders(tmp_path: Path) -> None:
    files = {tmp_path / "a": b"1", tmp_path / "new" / "b": b"2"}
    replace(files)
    assert {path: path.read_bytes() for path in files} == files
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "new"]


def test_one_that_cannot_be_written_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    first, taken = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"old")
    taken.mkdir()
    with pytest.raises(ProblemError, match=f"^{taken}: expected to write it, found: is a dir"):
        replace({first: b"new", taken: b"new"})
    assert first.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
