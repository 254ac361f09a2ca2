"""libkmod as a peer: a module folder made from the text of a `modules.alias`, and look-ups in it.

depmod makes the binary index that libkmod reads from the modules themselves, so each module of
the text is written as an ELF object that holds nothing but its aliases.
Invariant: what libkmod resolves here is what it resolves on a machine with those modules.
"""

import ctypes
import re
import struct
import subprocess
from collections import defaultdict
from pathlib import Path
from types import TracebackType

RELEASE = "1.0.0"
_LINE = re.compile(r"^alias (\S+) (\S+)$", re.MULTILINE)
_SECTIONS = ("", ".modinfo", ".symtab", ".strtab", ".shstrtab")


def make_folder(text: str, root: Path) -> Path:
    """Write the modules of an alias file below `root`, run depmod; returns the module folder.

    Raises:
        OSError: depmod is not installed.
        subprocess.CalledProcessError: It failed.
    """
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    for pattern, module in _LINE.findall(text):
        aliases[module].append(pattern)
    folder = root / "lib/modules" / RELEASE
    modules = folder / "kernel"
    modules.mkdir(parents=True)
    for module, patterns in aliases.items():
        (modules / f"{module}.ko").write_bytes(_object(module, patterns))
    for name in ("modules.order", "modules.builtin"):
        (folder / name).touch()
    subprocess.run(["depmod", "-b", str(root), RELEASE], check=True, capture_output=True)
    return folder


def _object(module: str, patterns: list[str]) -> bytes:
    """A 64-bit little-endian relocatable object with a `.modinfo` section (ELF-64, elf(5))."""
    facts = [f"alias={pattern}" for pattern in patterns]
    info = "\0".join(["license=GPL", *facts, f"name={module}", ""]).encode()
    names = "\0".join([*_SECTIONS, ""]).encode()
    bodies = (b"", info, bytes(24), b"\0", names)
    header_size, at = 64, 64
    headers, data = b"", b""
    for number, (name, body) in enumerate(zip(_SECTIONS, bodies, strict=True)):
        kind = {0: 0, 1: 1, 2: 2}.get(number, 3)  # null, progbits, symtab, strtab
        start = names.index(name.encode() + b"\0") if name else 0
        link, entry = (3, 24) if kind == 2 else (0, 0)
        headers += struct.pack(
            "<IIQQQQIIQQ", start, kind, 0, 0, at, len(body), link, int(kind == 2), 1, entry
        )
        data += body
        at += len(body)
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    count = len(_SECTIONS)
    header = identity + struct.pack(
        "<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, at, 0, header_size, 0, 0, 64, count, count - 1
    )
    return header + data + headers


class Kmod:
    """libkmod on one module folder, blacklist off; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._library = library = ctypes.CDLL("libkmod.so.2")
        pointers = ("kmod_new", "kmod_unref", "kmod_list_next", "kmod_module_get_module")
        for name in pointers:
            getattr(library, name).restype = ctypes.c_void_p
        library.kmod_module_get_name.restype = ctypes.c_char_p
        no_configuration = (ctypes.c_char_p * 1)(None)
        context = library.kmod_new(str(folder).encode(), no_configuration)
        self._context = ctypes.c_void_p(context)
        library.kmod_load_resources(self._context)

    def __enter__(self) -> "Kmod":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.kmod_unref(self._context)

    def look_up(self, modalias: str) -> set[str]:
        """Names of the modules that libkmod resolves a MODALIAS to."""
        library = self._library
        first = ctypes.c_void_p()
        library.kmod_module_new_from_lookup(self._context, modalias.encode(), ctypes.byref(first))
        names = set()
        item = first.value
        while item:
            module = library.kmod_module_get_module(ctypes.c_void_p(item))
            names.add(library.kmod_module_get_name(ctypes.c_void_p(module)).decode())
            library.kmod_module_unref(ctypes.c_void_p(module))
            item = library.kmod_list_next(first, ctypes.c_void_p(item))
        library.kmod_module_unref_list(first)
        return names
