"""Broken copies of registry files: of their bytes, and of the values that are in them.

Bytes that are changed at random rarely get past the first check of a binary format; values that are
changed and encoded again do.
Invariant: the same random numbers make the same copy.
"""

import json
import plistlib
import random
import zlib
from collections.abc import Callable
from typing import Any, cast

import msgspec

from runtime.model.errors import InspectorError
from runtime.wire.history import Reader

TOKENS = (
    *(b"{", b"}", b'"', b'" = ', b"+-o ", b"  <class ", b"\n", b"\r", b"<", b">", b"| ", b"\0"),
    *(b"(", b"=", b"P: /devices/", b"E: A=", b"\xff", b"&lt;class", b"[", b"],", b"</dict>"),
)
VALUES: tuple[object, ...] = (
    *(0, -1, 1 << 31, 1 << 63, (1 << 64) - 1, 1.5, True, "", "\0", "a/b@c", "\ud800", "é" * 300),
    *(b"", b"\xff" * 9, [], {}, [[]], {"": {}}, {"data": "0"}, {"dictionary": 1}, None),
)
MOST = 2000  # containers of a file that a change may fall on
_BINARY = plistlib.FMT_BINARY

Codec = tuple[Callable[[bytes], object], Callable[[object], bytes]]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A broken copy of a file."""
    if rng.random() < 0.6 and (changed := _with_other_values(data, rng)) is not None:
        return changed
    return _with_other_bytes(data, rng)


def _with_other_bytes(data: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(made) + 1)
        end = min(len(made), at + rng.choice((1, 2, 8, 64, 2000)))
        match rng.randrange(6):
            case 0:
                made[at:at] = rng.choice(TOKENS)
            case 1:
                del made[at:end]
            case 2:
                made[at:end] = rng.randbytes(end - at)
            case 3:
                made[at:at] = made[at:end] * rng.choice((1, 2, 50))
            case 4:
                other = rng.randrange(len(made) + 1)
                made[at:end] = made[other : other + end - at]
            case _:
                if at < len(made):
                    made[at] ^= 1 << rng.randrange(8)
    return bytes(made)


def _with_other_values(data: bytes, rng: random.Random) -> bytes | None:
    """A copy with other values in it; None where the file has none, or they cannot be written."""
    codec = _codec(data)
    if codec is None:
        return None
    decode, encode = codec
    try:
        top = decode(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            _change(rng.choice(_containers(top)), rng)
        return encode(top)
    except (ValueError, TypeError, OverflowError, RecursionError, IndexError, InspectorError):
        return None


def _codec(data: bytes) -> Codec | None:
    if data.startswith(b"bplist"):
        return plistlib.loads, lambda top: plistlib.dumps(cast("Any", top), fmt=_BINARY)
    if data.startswith(b"<?xml"):
        return plistlib.loads, lambda top: plistlib.dumps(cast("Any", top))
    if data.startswith(b"["):
        return json.loads, lambda top: json.dumps(top).encode()
    head, line, _ = data.partition(b"\n")
    if head.startswith(b"IORegistry recording"):
        return (
            lambda found: _with_records(msgspec.msgpack.decode(found[len(head) + 1 :])),
            lambda top: head + line + msgspec.msgpack.encode(_with_chunks(top)),
        )
    return None


def _with_records(frame: object) -> object:
    """A recording's value with its history unpacked to lists of records."""
    assert isinstance(frame, dict)
    segments = []
    for segment in frame.get("history", ()):
        reader = Reader()
        segments.append(
            [msgspec.msgpack.decode(msgspec.msgpack.encode(reader.records(chunk)))
             for chunk in segment]
        )  # fmt: skip
    frame["history"] = segments
    return frame


def _with_chunks(frame: object) -> object:
    """The same with the records packed again, whatever has become of them."""
    if not isinstance(frame, dict) or not isinstance(frame.get("history"), list):
        return frame
    segments = []
    for segment in frame["history"]:
        stream = zlib.compressobj()
        chunks = []
        for records in segment if isinstance(segment, list) else ():
            body = msgspec.msgpack.encode(records)
            packed = stream.compress(len(body).to_bytes(4, "big") + body)
            chunks.append(packed + stream.flush(zlib.Z_SYNC_FLUSH))
        segments.append(chunks)
    return {**frame, "history": segments}


def _containers(top: object) -> list[dict[object, object] | list[object]]:
    found: list[dict[object, object] | list[object]] = []
    waiting = [top]
    while waiting and len(found) < MOST:
        at = waiting.pop()
        if isinstance(at, dict) and at:
            found.append(at)
            waiting += at.values()
        elif isinstance(at, list) and at:
            found.append(at)
            waiting += at
    return found


def _change(container: dict[object, object] | list[object], rng: random.Random) -> None:
    """Replace, remove, repeat or exchange one item."""
    keys = list(container) if isinstance(container, dict) else list(range(len(container)))
    key, other = rng.choice(keys), rng.choice(keys)
    table: dict[object, object] = container  # type: ignore[assignment]  # by key or by place
    match rng.randrange(5):
        case 0:
            table[key] = rng.choice(VALUES)
        case 1:
            del table[key]
        case 2:
            table[key], table[other] = table[other], table[key]
        case 3:
            table[key] = table[other]
        case _:
            value = table[key]
            if isinstance(value, int):
                table[key] = value ^ (1 << rng.randrange(64))
            elif isinstance(value, plistlib.UID):
                table[key] = plistlib.UID(rng.randrange(1 << rng.choice((4, 12, 32))))
            elif isinstance(container, list):
                container.insert(rng.randrange(len(container)), value)
            else:
                table[key] = [value]
