"""What matching sees of a registry entry.

Invariant: a value; whoever builds it decides how much of the tree it carries.
"""

import msgspec

from runtime.model.identity import EntryId
from runtime.model.properties import Properties


class Provider(msgspec.Struct, frozen=True):
    """A service that drivers can be matched on.

    `classes` is its class chain, leaf first. `ancestors` are the providers above it, nearest
    first (only IOParentMatch looks at them). `services` counts the services on it that have a
    match category. `kernel_driver` names the kernel driver that is
    bound to it, with `kernel_score` on the scale of personalities.
    """

    id: EntryId
    name: str
    classes: tuple[str, ...]
    properties: Properties
    location: str = ""
    path: str = ""
    ancestors: "tuple[Provider, ...]" = ()
    kernel_driver: str = ""
    kernel_score: int = 0
    services: int = 0

    def conforms_to(self, cls: str) -> bool:
        """Whether a class is on the chain."""
        return cls in self.classes
