"""Every form in which a registry is written, by its word.

Invariant: the bytes are those that `ioreg` writes of the same entries.
"""

from collections.abc import Callable, Iterable
from types import MappingProxyType

from runtime.export import recorder
from runtime.export.taken import Taken
from runtime.interchange import explorer_writer, ioreg_archive, ioreg_text, json_form
from runtime.interchange.ioreg_text import Options
from runtime.interchange.planes import project

_ALL = Options(list_all=True)


def text(taken: Taken, plane: str) -> bytes:
    """As `ioreg -l -w0 -p PLANE`."""
    return as_bytes(ioreg_text.lines(taken.entries, _ALL, plane))


def plist(taken: Taken, plane: str) -> bytes:
    """As `ioreg -a -l -p PLANE`."""
    return ioreg_archive.archive(taken.entries, _ALL, plane)


def json(taken: Taken, plane: str) -> bytes:
    """As `ioreg --json -p PLANE`."""
    return as_bytes(json_form.lines(project(taken.entries, plane)))


def explorer(taken: Taken, _plane: str) -> bytes:
    """As `ioreg --ioreg`: all planes."""
    return explorer_writer.write(taken.entries, taken.planes, taken.wall_ns, taken.host)


def recording(taken: Taken, _plane: str) -> bytes:
    """As `ioreg --recording`: all planes, and the past that was taken along."""
    return recorder.write(taken)


FORMS = MappingProxyType[str, Callable[[Taken, str], bytes]](
    {"recording": recording, "text": text, "plist": plist, "json": json, "ioreg": explorer}
)


def as_bytes(lines: Iterable[str]) -> bytes:
    """Lines as `ioreg` prints them."""
    return b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines)
