"""The sealed memfds of the extensions that may run; native modules go to the zygote.

Invariant: a memfd here holds exactly the bytes with its hash; it is closed when it is dropped.
"""

import os

import msgspec

from runtime.linux import memfd
from runtime.model.errors import SpawnError
from runtime.model.identity import BundleId, ContentHash
from runtime.model.properties import Properties
from runtime.supervisor.ports import Bytecode
from runtime.supervisor.zygote import Zygote


class Runnable(msgspec.Struct, frozen=True):
    """An extension that may run."""

    bundle_id: BundleId
    content_hash: ContentHash
    executable: str
    entitlements: Properties
    memfd: int
    bytecode: Bytecode = msgspec.field(default_factory=Bytecode)


class Bundles:
    """Runnable extensions by bundle id; owns their memfds."""

    def __init__(self) -> None:
        self._runnable: dict[str, Runnable] = {}
        self._zygote: Zygote | None = None

    def use(self, zygote: Zygote) -> None:
        """Have native modules loadable in this one's processes; called once."""
        self._zygote = zygote

    def get(self, bundle_id: str) -> Runnable | None:
        """The runnable extension with this bundle id."""
        return self._runnable.get(bundle_id)

    async def put(self, runnable: Runnable, modules: memfd.Shared | None = None) -> None:
        """Add or exchange one; running drivers keep what they were given.

        Raises:
            SpawnError: Its native modules have no room; its memfd is closed.
        """
        self.drop(runnable.bundle_id)
        try:
            if modules is not None and self._zygote is not None:
                await self._zygote.put_native(runnable.content_hash, modules)
        except SpawnError:
            os.close(runnable.memfd)
            raise
        self._runnable[runnable.bundle_id] = runnable

    def drop(self, bundle_id: str) -> None:
        """Remove one, if it is there."""
        old = self._runnable.pop(bundle_id, None)
        if old is not None:
            os.close(old.memfd)
            if self._zygote is not None:
                self._zygote.drop_native(old.content_hash)

    def hashes(self) -> dict[str, ContentHash]:
        """What is here: content by bundle id."""
        return {key: item.content_hash for key, item in self._runnable.items()}

    def close(self) -> None:
        """Drop all."""
        for bundle_id in list(self._runnable):
            self.drop(bundle_id)
