"""The running kernel's module aliases: what it says which modules drive what.

``/lib/modules/RELEASE/modules.alias`` has those of loadable modules, ``modules.builtin.modinfo``
those of built-in ones.
Source: depmod(8); kernel scripts/Makefile.modbuiltin (modules.builtin.modinfo).
Invariant: reads files; knows nothing of matching.
"""

import os
from pathlib import Path

MODULES = Path("/lib/modules")


def alias_text(folder: Path | None = None) -> str:
    """Aliases as `modules.alias` spells them, built-in ones last; empty where there are none.

    `folder` is the running kernel's module folder by default.
    """
    folder = folder or MODULES / os.uname().release
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
