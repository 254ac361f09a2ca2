"""The canonical archive: equal files give equal bytes, and no path leads out."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model import archive
from runtime.model.content import content_hash
from runtime.model.errors import BreachError

_PARTS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
_PATHS = st.lists(_PARTS, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(_PATHS, st.binary(max_size=40), max_size=8))
def test_files_come_back_and_their_order_does_not_count(files: dict[str, bytes]) -> None:
    data = archive.pack(files)
    assert archive.unpack(data) == files
    assert archive.pack(dict(reversed(list(files.items())))) == data


@given(st.binary(max_size=200))
def test_any_bytes_are_unpacked_or_a_breach(data: bytes) -> None:
    try:
        files = archive.unpack(data)
    except BreachError:
        return
    assert all(archive.is_plain_path(path) for path in files)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\n", "a\\b", "x" * 600]
)
def test_paths_that_are_not_plain_are_refused(path: str) -> None:
    with pytest.raises(BreachError, match="expected a plain relative path"):
        archive.pack({path: b""})
    with pytest.raises(BreachError, match="expected a plain relative path"):
        archive.unpack(msgspec.msgpack.encode({path: b""}))


def test_too_many_files_are_refused() -> None:
    files = {f"f{number}": b"" for number in range(archive.MAX_FILES + 1)}
    with pytest.raises(BreachError, match="expected at most 4096 files"):
        archive.pack(files)


def test_the_hash_is_sha256_in_hex() -> None:
    assert content_hash(b"") == ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
