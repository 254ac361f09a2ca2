"""The canonical archive of a bundle: what is staged, hashed, sealed in a memfd and imported.

A MessagePack map from relative POSIX path to the bytes of a regular file, keys sorted.
Invariant: equal files give equal bytes; a path that could leave the bundle is never unpacked.
"""

from collections.abc import Mapping

import msgspec

from runtime.model.errors import BreachError

MAX_FILES = 4096
MAX_PATH = 512  # characters
_FORBIDDEN_PARTS = frozenset({"", ".", ".."})

_encoder = msgspec.msgpack.Encoder(order="sorted")
_decoder = msgspec.msgpack.Decoder(dict[str, bytes])


def pack(files: Mapping[str, bytes]) -> bytes:
    """Encode files, sorted by path.

    Raises:
        BreachError: A path is not relative and plain, or there are too many files.
    """
    _check(files)
    return _encoder.encode(dict(files))


def unpack(data: bytes) -> dict[str, bytes]:
    """Decode what `pack` made.

    Raises:
        BreachError: Not such an archive, or a path in it is not relative and plain.
    """
    try:
        files = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BreachError(f"bundle archive: expected a map of files, found {error}") from error
    _check(files)
    return files


def is_plain_path(path: str) -> bool:
    """Whether a path is relative, free of dot parts and control characters, and not too long."""
    return (
        0 < len(path) <= MAX_PATH
        and path.isprintable()
        and "\\" not in path
        and not _FORBIDDEN_PARTS.intersection(path.split("/"))
    )


def is_native(path: str) -> bool:
    """Whether a file of a bundle is a shared library, by its name (`x.so`, `libx.so.1`)."""
    return "so" in path.rpartition("/")[2].split(".")[1:]


def _check(files: Mapping[str, bytes]) -> None:
    if len(files) > MAX_FILES:
        raise BreachError(f"bundle archive: expected at most {MAX_FILES} files, found {len(files)}")
    for path in files:
        if not is_plain_path(path):
            raise BreachError(f"bundle archive: expected a plain relative path, found {path!r}")
