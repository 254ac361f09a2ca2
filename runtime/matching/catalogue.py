"""The catalogue: the personalities of everything that may run, by provider class.

Source: xnu IOCatalogue.cpp (buckets by IOProviderClass, generation, duplicates dropped).
Invariant: a change of its content changes the generation, anything else does not.
"""

from collections.abc import Iterable, Iterator

from runtime.matching.narrowing import UNBOUNDED, Index
from runtime.matching.provider import Provider
from runtime.model.identity import BundleId
from runtime.model.personality import Personality


class Catalogue:
    """Personalities indexed by provider class; within a class in the order of their coming."""

    def __init__(self) -> None:
        self.generation = 0
        self._next = 0
        self._buckets: dict[str, dict[int, Personality]] = {}
        self._indexes: dict[str, Index] = {}  # made when first asked for, dropped on a change
        self._bundles: dict[BundleId, dict[int, Personality]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._bundles.values()))

    def add(self, bundle_id: BundleId, personalities: Iterable[Personality]) -> bool:
        """Add or exchange a bundle's personalities; return whether anything changed.

        A personality without IOProviderClass can never match and is dropped, as in IOKit.
        """
        wanted = [personality for personality in personalities if personality.provider_class]
        if wanted == list(self._bundles.get(bundle_id, {}).values()):
            return False
        self._drop(bundle_id)
        for personality in wanted:
            self._buckets.setdefault(personality.provider_class, {})[self._next] = personality
            self._indexes.pop(personality.provider_class, None)
            self._bundles.setdefault(bundle_id, {})[self._next] = personality
            self._next += 1
        self.generation += 1
        return True

    def remove(self, bundle_id: BundleId) -> bool:
        """Remove a bundle's personalities; return whether there were any."""
        if not self._drop(bundle_id):
            return False
        self.generation += 1
        return True

    def candidates(self, classes: Iterable[str]) -> list[Personality]:
        """The personalities whose provider class is on a chain, first come first."""
        found: dict[int, Personality] = {}
        for cls in dict.fromkeys(classes):
            found.update(self._buckets.get(cls, {}))
        return [found[number] for number in sorted(found)]

    def narrowed(self, provider: Provider, above: int = -UNBOUNDED) -> list[Personality]:
        """The personalities that can match a provider with a score above this, first come first.

        A superset of what matches; smaller than `candidates` by those whose vendor, class or
        name is another one.
        """
        found: dict[int, Personality] = {}
        for cls in provider.classes:
            if cls in self._buckets:
                if cls not in self._indexes:
                    self._indexes[cls] = Index(cls, self._buckets[cls])
                self._indexes[cls].find(provider, found, above)
        if len(found) < 2:
            return [*found.values()]
        return [found[number] for number in sorted(found)]

    def __iter__(self) -> Iterator[Personality]:
        """All personalities, first come first."""
        return iter(self.candidates(self._buckets))

    def _drop(self, bundle_id: BundleId) -> bool:
        dropped = self._bundles.pop(bundle_id, {})
        for number, personality in dropped.items():
            bucket = self._buckets[personality.provider_class]
            self._indexes.pop(personality.provider_class, None)
            del bucket[number]
            if not bucket:
                del self._buckets[personality.provider_class]
        return bool(dropped)
