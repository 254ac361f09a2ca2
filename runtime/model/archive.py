"""The canonical archive of a bundle: what is staged, hashed, sealed and imported.

MessagePack of one map from relative POSIX path to content, keys sorted, regular files only.
The same files always give the same bytes, so their SHA-256 is the bundle's identity.
Invariant: bytes in, values out; touches no file.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from runtime.model.errors import BreachError
from runtime.model.identity import ContentHash

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, bytes])


def pack(files: Mapping[str, bytes]) -> bytes:
    """Encode files in the canonical order.

    Raises:
        BreachError: A path is absolute, empty, or leaves the bundle.
    """
    for path in files:
        _check(path)
    return _encoder.encode({path: files[path] for path in sorted(files)})


def unpack(data: bytes) -> dict[str, bytes]:
    """Decode what `pack` made.

    Raises:
        BreachError: Not such an archive, or a path in it is absolute, empty or leaves the bundle.
    """
    try:
        files = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BreachError(f"bundle archive: expected a map of files, found {error}") from error
    for path in files:
        _check(path)
    return files


def content_hash(data: bytes) -> ContentHash:
    """SHA-256 of a packed archive as 64 lower-case hex digits."""
    return ContentHash(hashlib.sha256(data).hexdigest())


def _check(path: str) -> None:
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise BreachError(f"bundle archive: expected a path inside the bundle, found {path!r}")
