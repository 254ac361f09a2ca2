"""Opens a registry file of any kind: looks at its first bytes and gives it to its reader.

Invariant: raises one `InspectorError` sentence that names the file, and nothing else.
"""

import re
import time
import zlib
from pathlib import Path

from runtime.interchange import (
    explorer_reader,
    json_form,
    plist_reader,
    recording,
    text_reader,
    udev_reader,
)
from runtime.interchange.planes import planes_of
from runtime.interchange.plist_values import load as load_plist
from runtime.interchange.registry_file import FileEntry, RegistryFile, Warnings
from runtime.linux import hwdata
from runtime.model.entry import Entry
from runtime.model.errors import InspectorError, ProblemError
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

MAX_BYTES = 512 << 20  # a file, also one that was compressed
GZIP_BYTES, GZIP_TIMES = 16 << 20, 60  # that a packed file may hold: registries shrink to a tenth

_JSON = re.compile(rb"\[\s*[][{\"\d]")
_XML = (b"<?xml", b"<!--?xml", b"<plist", b"<!DOCTYPE plist")


def open_registry(path: Path) -> RegistryFile:
    """Read a file of any kind that `read` knows.

    Raises:
        ProblemError: It cannot be opened, is too large, or is no registry.
    """
    return read(bytes_of(path), str(path))


def bytes_of(path: Path) -> bytes:
    """The bytes of a file, at most one more than `MAX_BYTES`.

    Raises:
        ProblemError: ``not-found``: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise ProblemError("not-found", f"{path}: expected a file, found: {found}") from None


def read(data: bytes, name: str) -> RegistryFile:
    """Read the bytes of a file: ioreg's text, its plist, `.ioreg`, udev's database, ours.

    Raises:
        ProblemError: ``not-a-registry`` or ``too-large``; the sentence begins with `name`.
    """
    try:
        return _read(_uncompressed(data))
    except ProblemError as error:
        raise ProblemError(error.code, f"{name}: {error}") from None
    except InspectorError as error:
        raise ProblemError("not-a-registry", f"{name}: {error}") from None


def _read(data: bytes) -> RegistryFile:
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if recording.looks_like(data):
        return recording.read(data)
    if data.startswith(b"bplist") or start.startswith(_XML):
        top = load_plist(data, "property list")
        if isinstance(top, dict) and explorer_reader.is_archive(top):
            return explorer_reader.read(top, len(data))
        return plist_reader.read(top, len(data))
    if _JSON.match(start):
        return json_form.read(data)
    if udev_reader.looks_like(data):
        return _machine(data)
    if text_reader.looks_like(data):
        return text_reader.read(data)
    raise ProblemError(
        "not-a-registry",
        "expected ioreg's text or plist, an .ioreg file, a udev database, JSON or a recording, "
        f"found {_shown(data)}",
    )


def _shown(data: bytes) -> str:
    """What a file that is none of these begins with."""
    if not data:
        return "an empty file"
    beginning = data[:16].decode(errors="replace")
    if beginning.isprintable() and "\ufffd" not in beginning:
        return f"text that begins with {beginning!r}"
    return f"bytes that begin with {data[:8].hex(' ')}"


def _machine(data: bytes) -> RegistryFile:
    """The registry that the devices of a udev database make."""
    warnings = Warnings()
    devices = udev_reader.read(data, warnings)
    if not devices:
        raise ProblemError("not-a-registry", "udev database: expected devices, found none")
    registry = Registry(time.monotonic_ns, lambda _change: None)
    Machine(registry, lambda *_event: None).load(map(hwdata.named, devices))
    entries = [_file_entry(entry) for entry in registry.walk()]
    return RegistryFile(udev_reader.FORMAT, entries, planes_of(entries), warnings)


def _file_entry(entry: Entry) -> FileEntry:
    return FileEntry(**{name: getattr(entry, name) for name in Entry.__struct_fields__})


def _uncompressed(data: bytes) -> bytes:
    """The file itself, or what gzip made it of."""
    if data.startswith(b"\x1f\x8b"):
        data = _from_gzip(data)
    if len(data) > MAX_BYTES:
        raise ProblemError("too-large", f"expected at most {MAX_BYTES} bytes, found more")
    return data


def _from_gzip(data: bytes) -> bytes:
    """What all members of a gzip file hold together.

    Raises:
        ProblemError: It is damaged, or holds more than any registry that is packed so small.
    """
    most = min(MAX_BYTES, GZIP_BYTES + GZIP_TIMES * len(data))
    found = b""
    while data and len(found) <= most:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            found += unpacker.decompress(data, most + 1 - len(found))
        except zlib.error as error:
            raise ProblemError(
                "not-a-registry", f"expected a whole gzip file, found: {error}"
            ) from None
        if not unpacker.eof and len(found) <= most:
            raise ProblemError("not-a-registry", "expected a whole gzip file, found a part of one")
        data = unpacker.unused_data.lstrip(b"\0")  # members may be padded
    if len(found) > most:
        raise ProblemError("too-large", f"expected at most {most} bytes in it, found more")
    return found
