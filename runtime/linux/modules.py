"""The running kernel's module aliases: what it says which modules drive what.

``/lib/modules/RELEASE/modules.alias`` has those of loadable modules, ``modules.builtin.modinfo``
those of built-in ones.
Source: depmod(8); kernel scripts/Makefile.modbuiltin (modules.builtin.modinfo).
Invariant: reads files; knows nothing of matching.
"""

import os
from pathlib import Path

MODULES = Path("/lib/modules")


def running() -> Path:
    """The running kernel's module folder."""
    return MODULES / os.uname().release


def alias_text(folder: Path) -> str:
    """Aliases as `modules.alias` spells them, built-in ones last; empty where there are none."""
    try:
        text = (folder / "modules.alias").read_text(errors="replace")
    except OSError:
        text = ""
    try:
        facts = (folder / "modules.builtin.modinfo").read_bytes().split(b"\0")
    except OSError:
        return text
    lines = []
    for fact in facts:
        module, _, alias = fact.decode(errors="replace").partition(".alias=")
        if alias and " " not in alias:
            lines.append(f"alias {alias} {module}\n")
    return text + "".join(lines)


def stamp(folder: Path) -> tuple[tuple[int, int, int], ...]:
    """What changes when `alias_text` may: depmod writes its files anew."""
    found = []
    for name in ("modules.alias", "modules.builtin.modinfo"):
        try:
            status = (folder / name).stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
