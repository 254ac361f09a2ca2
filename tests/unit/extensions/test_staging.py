"""Staging: content-addressed, atomic, verified again, collected when nobody needs it."""

import resource
import signal
from pathlib import Path

import pytest

from runtime.extensions.staging import (
    FOLDER,
    Staged,
    collect_garbage,
    load_staged,
    stage,
)
from runtime.model import archive
from runtime.model.content import content_hash
from runtime.model.errors import BundleError, ProblemError, UnavailableError
from tests.unit.extensions.conftest import AppFolder


def test_what_is_staged_is_what_was_read(app: AppFolder, staged: Staged, tmp_path: Path) -> None:
    data = load_staged(tmp_path / "state", staged.content_hash)
    files = archive.unpack(data)
    assert files["WidgetDriver.py"] == app.source.encode()
    assert content_hash(data) == staged.content_hash
    assert staged.size == len(data)


def test_the_same_content_has_the_same_hash_wherever_it_is(staged: Staged, tmp_path: Path) -> None:
    other = AppFolder(tmp_path / "other")
    again = stage(other.path, "", tmp_path / "state", None)
    assert again.content_hash == staged.content_hash
    assert [path.name for path in (tmp_path / "state" / FOLDER).iterdir()] == [staged.content_hash]


def test_one_byte_more_is_other_content(app: AppFolder, staged: Staged, tmp_path: Path) -> None:
    app.source += "\n"
    app.write()
    assert stage(app.path, "", tmp_path / "state", None).content_hash != staged.content_hash


def test_a_changed_copy_is_refused(staged: Staged, tmp_path: Path) -> None:
    path = tmp_path / "state" / FOLDER / staged.content_hash
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ProblemError, match="expected the content it is named by") as refusal:
        load_staged(tmp_path / "state", staged.content_hash)
    assert refusal.value.code == "changed"


def test_a_changed_copy_is_mended_by_staging_again(
    app: AppFolder, staged: Staged, tmp_path: Path
) -> None:
    path = tmp_path / "state" / FOLDER / staged.content_hash
    path.write_bytes(b"")
    assert stage(app.path, "", tmp_path / "state", None) == staged
    assert load_staged(tmp_path / "state", staged.content_hash)


def test_a_missing_copy_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="expected a staged bundle, found no such") as refusal:
        load_staged(tmp_path, content_hash(b""))
    assert refusal.value.code == "not-found"


def test_garbage_is_what_nobody_refers_to(staged: Staged, tmp_path: Path) -> None:
    folder = tmp_path / "state" / FOLDER
    (folder / ".tmp-left-over").write_bytes(b"part")
    (folder / ("0" * 64)).write_bytes(b"old")
    assert collect_garbage(tmp_path / "state", {staged.content_hash}) == 2
    assert [path.name for path in folder.iterdir()] == [staged.content_hash]
    assert collect_garbage(tmp_path / "none", ()) == 0


def test_a_folder_that_cannot_be_written_is_one_sentence(app: AppFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="expected a folder that can be written, found not"):
        stage(app.path, "", tmp_path / "file", None)


def test_a_relative_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="expected an absolute path"):
        stage(Path("Widget.app"), "", tmp_path, None)


def test_several_extensions_need_a_name(app: AppFolder, tmp_path: Path) -> None:
    second = "com.example.widget.second"
    app.info["CFBundleIdentifier"] = second
    app.dext = app.dext.with_name(f"{second}.dext")
    app.write()
    with pytest.raises(BundleError, match="expected the identifier of one of its extensions"):
        stage(app.path, "", tmp_path / "state", None)
    assert stage(app.path, second, tmp_path / "state", None).manifest.bundle_id == second


def test_a_full_disk_leaves_nothing_half_written(app: AppFolder, tmp_path: Path) -> None:
    app.source = "#" * 100_000
    app.write()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # EFBIG instead, as of a full disk
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        with pytest.raises(UnavailableError, match="expected a folder that can be written, found"):
            stage(app.path, "", tmp_path / "state", None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert list((tmp_path / "state" / FOLDER).iterdir()) == []
