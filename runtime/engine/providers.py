"""Registry entries as what matching sees of them.

Invariant: reads the registry, never changes it.
"""

from typing import Protocol

import msgspec

from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.nub import Nub
from runtime.extensions import entitlements
from runtime.matching.provider import Provider
from runtime.model import properties
from runtime.model.classes import chain
from runtime.model.entry import Entry, Kind
from runtime.model.identity import EntryId
from runtime.model.outcome import Decision
from runtime.model.properties import Properties
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place


class Family(Protocol):
    """Devices of one kind as providers of driver extensions."""

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry can be driven."""

    def place(self, entry: EntryId) -> Place | Nub:
        """How a broker reaches such an entry, or which driver does; KeyError for any other."""


def make_provider(registry: Registry, entry: Entry, kernel: KernelDrivers) -> Provider:
    """An entry with its ancestors, and the kernel driver that is bound to it."""
    ancestors: list[Provider] = []
    above = registry.get(EntryId(entry.parent))
    while above is not None:
        ancestors.append(_provider(registry, above, ()))
        above = registry.get(EntryId(above.parent))
    made = _provider(registry, entry, tuple(ancestors))
    driver, score = kernel.bound(entry, made.properties)
    return msgspec.structs.replace(made, kernel_driver=driver, kernel_score=score)


def check_entitlements(
    registry: Registry, entry: EntryId, granted: Properties, service_class: str
) -> Decision:
    """Decide whether these entitlements allow a service of a class on an entry as it is now."""
    provider = registry.get(entry)
    if provider is None:  # its driver is about to be stopped
        return entitlements.check(granted, (), {}, service_class)
    has = properties.decode(provider.props)
    return entitlements.check(granted, chain(provider.cls), has, service_class)


def _provider(registry: Registry, entry: Entry, ancestors: tuple[Provider, ...]) -> Provider:
    children = map(registry.get, registry.children(entry.id))
    return Provider(
        id=entry.id,
        name=entry.name,
        classes=chain(entry.cls),
        properties=properties.decode(entry.props),
        location=entry.location,
        path=registry.path(entry.id),
        ancestors=ancestors,
        services=sum(child is not None and child.kind in _SERVICES for child in children),
    )


_SERVICES = (Kind.KERNEL_DRIVER, Kind.DRIVER)
