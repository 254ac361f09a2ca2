"""Registry entries as what matching sees of them.

Invariant: reads the registry, never changes it.
"""

from runtime.matching.provider import Provider
from runtime.model import properties
from runtime.model.classes import chain
from runtime.model.entry import Entry, Holder
from runtime.model.identity import EntryId
from runtime.registry.tree import Registry

BOUND_KERNEL_DRIVER = 60_000
"""Score of a bound kernel driver: that of a match by class, subclass and protocol, which is
what the kernel's own drivers for standard devices match by."""


def make_provider(registry: Registry, entry: Entry) -> Provider:
    """An entry with its ancestors."""
    ancestors: list[Provider] = []
    above = registry.get(EntryId(entry.parent))
    while above is not None:
        ancestors.append(_provider(registry, above, ()))
        above = registry.get(EntryId(above.parent))
    return _provider(registry, entry, tuple(ancestors))


def _provider(registry: Registry, entry: Entry, ancestors: tuple[Provider, ...]) -> Provider:
    by_kernel = entry.holder == Holder.KERNEL
    return Provider(
        id=entry.id,
        name=entry.name,
        classes=chain(entry.cls),
        properties=properties.decode(entry.props),
        location=entry.location,
        path=registry.path(entry.id),
        ancestors=ancestors,
        kernel_driver=entry.driver if by_kernel else "",
        kernel_score=BOUND_KERNEL_DRIVER if by_kernel else 0,
    )
