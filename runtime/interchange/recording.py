"""Our own recording: a registry at one moment, and its past, in one file that a user can send.

A line of text that names format and version, then one MessagePack map. Readers pass over keys that
they do not know; a higher version is refused.
Invariant: what was written is read back equal; bytes from outside raise `ProblemError` only.
"""

from collections.abc import Iterable

import msgspec

from runtime.interchange.order import of_their_own, parents_first
from runtime.interchange.registry_file import (
    FileEntry,
    RegistryFile,
    Warnings,
    lineage,
    plain,
)
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import BreachError, ProblemError
from runtime.model.events import Event, kept

FORMAT = "recording"
VERSION = 1
_MAGIC = b"IORegistry recording "


class _Keyframe(msgspec.Struct, frozen=True):
    """The registry at one moment; `lineages` has the classes of entries by their place."""

    wall_ns: int
    entries: list[Entry]
    planes: tuple[str, ...]
    lineages: dict[int, tuple[str, ...]] = {}
    parents_in: dict[int, str] = {}  # by place: the plane of `parent` where it is not IOService
    host: str = ""
    history: tuple[tuple[bytes, ...], ...] = ()  # segments, as `runtime.interchange.recorded` says
    events: tuple[msgspec.Raw, ...] = ()  # each an `Event`; those of a newer version are left out


_decoder = msgspec.msgpack.Decoder(_Keyframe)


def looks_like(data: bytes) -> bool:
    """Whether a file is a recording of any version."""
    return data.startswith(_MAGIC)


def write(
    entries: Iterable[Entry],
    planes: tuple[str, ...],
    wall_ns: int = 0,
    host: str = "",
    *,
    history: Iterable[Iterable[bytes]] = (),
    events: Iterable[Event] = (),
) -> bytes:
    """A recording of these entries, parents first; `wall_ns` is the moment since 1970."""
    found = list(entries)
    own = {at: entry for at, entry in enumerate(found) if isinstance(entry, FileEntry)}
    frame = _Keyframe(
        wall_ns,
        [plain(entry) for entry in found],
        planes,
        {at: lineage(entry) for at, entry in own.items() if entry.lineage},
        {at: entry.plane for at, entry in own.items()},
        host,
        tuple(tuple(segment) for segment in history),
        tuple(msgspec.Raw(msgspec.msgpack.encode(event)) for event in events),
    )
    return _MAGIC + f"{VERSION}\n".encode() + msgspec.msgpack.encode(frame)


def read(data: bytes) -> RegistryFile:
    """Read a recording.

    Raises:
        ProblemError: ``not-a-registry``: it is damaged, or its version is higher than ours.
    """
    frame = _frame(data)
    try:
        entries = [_entry(frame, at) for at in range(len(frame.entries))]
    except BreachError as error:
        raise _damaged(error) from None
    warnings = Warnings()
    return RegistryFile(
        FORMAT,
        parents_first(of_their_own(entries, warnings), warnings),
        frame.planes,
        warnings,
        frame.host,
        wall_ns=frame.wall_ns,
        history=frame.history,
        events=[event for raw in frame.events if (event := kept(raw))],
    )


def _frame(data: bytes) -> _Keyframe:
    head, _, body = data[len(_MAGIC) :].partition(b"\n")
    if head != str(VERSION).encode():
        shown = head[:16].decode("ascii", "replace")
        raise ProblemError(
            "not-a-registry", f"recording: expected version {VERSION}, found {shown!r}"
        )
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> ProblemError:
    return ProblemError("not-a-registry", f"recording: expected whole entries, found {error}")


def _entry(frame: _Keyframe, at: int) -> FileEntry:
    entry = frame.entries[at]
    properties.decode(entry.props)
    fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    made = FileEntry(**fields, lineage=frame.lineages.get(at, ()))
    plane = frame.parents_in.get(at, made.plane)
    return msgspec.structs.replace(made, plane=plane)
