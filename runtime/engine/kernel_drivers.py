"""The kernel's side of the competition: which modules could drive a device, and their scores.

The index of `modules.alias` is kept in the state folder under the hash of its text, so that a
start reads it instead of building it.
Invariant: read once, before anybody is served; a cache that is not of this text is never used.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from runtime.linux import modules
from runtime.matching import aliases
from runtime.matching.aliases import AliasIndex, Kext
from runtime.matching.competition import MAKERS, kernel_score
from runtime.model.entry import Entry, Holder
from runtime.model.properties import Properties

CACHE = "aliases"


class KernelDrivers:
    """The running kernel's modules by what they could drive."""

    def __init__(self, state_dir: Path, folder: Path | None = None) -> None:
        self._index = _index(modules.alias_text(folder), state_dir / CACHE)

    def __len__(self) -> int:
        return len(self._index)

    def of_device(self, props: Properties) -> list[Kext]:
        """The modules that could drive a device with these properties, best first."""
        modalias = props.get("MODALIAS")
        return self._index.look_up(modalias) if isinstance(modalias, str) else []

    def bound(self, entry: Entry, props: Properties) -> tuple[str, int]:
        """The kernel driver that competes for an entry, with its score; none: empty, 0."""
        if entry.holder != Holder.KERNEL or entry.driver in MAKERS:
            return "", 0
        return entry.driver, kernel_score(entry.driver, self.of_device(props), entry.cls)


def _index(text: str, cache: Path) -> AliasIndex:
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    with contextlib.suppress(OSError):
        data = cache.read_bytes()
        if data.startswith(digest):
            kept = aliases.load(data[len(digest) :])
            if kept is not None:
                return kept
    built = aliases.build(text)
    with contextlib.suppress(OSError):  # without a cache the next start builds it again
        fresh = cache.with_name(f"{CACHE}.{os.getpid()}")
        fresh.write_bytes(digest + built.dump())
        fresh.replace(cache)
    return built
