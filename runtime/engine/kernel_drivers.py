"""The kernel's side of the competition: which modules could drive a device, and their scores.

The index of `modules.alias` is kept in the state folder under the hash of its text, so that a
start reads it instead of building it. When the text changes a worker builds the next one.
Invariant: a cache that is not of the text is never used; only a start builds in this process.
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
    """The running kernel's modules by what they could drive.

    Attributes:
        folder: Where they are.
    """

    def __init__(self, state_dir: Path, folder: Path | None = None) -> None:
        self.folder = folder or modules.running()
        self._stamp = modules.stamp(self.folder)
        self._index = made_index(state_dir, self.folder)

    def __len__(self) -> int:
        return len(self._index)

    def changed(self) -> bool:
        """Whether the modules' files are others since this was last asked, or read."""
        before, self._stamp = self._stamp, modules.stamp(self.folder)
        return self._stamp != before

    def take(self, index: bytes) -> bool:
        """Use another index, as a worker dumped it; False when it is none."""
        loaded = aliases.load(index)
        self._index = loaded or self._index
        return loaded is not None

    def of_device(self, props: Properties) -> list[Kext]:
        """The modules that could drive a device with these properties, best first."""
        modalias = props.get("MODALIAS")
        return self._index.look_up(modalias) if isinstance(modalias, str) else []

    def bound(self, entry: Entry, props: Properties) -> tuple[str, int]:
        """The kernel driver that competes for an entry, with its score; none: empty, 0."""
        if entry.holder != Holder.KERNEL or entry.driver in MAKERS:
            return "", 0
        return entry.driver, kernel_score(entry.driver, self.of_device(props), entry.cls)


def made_index(state_dir: Path, folder: Path) -> AliasIndex:
    """The index of a module folder, from the cache where that has it."""
    text, cache = modules.alias_text(folder), state_dir / CACHE
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
