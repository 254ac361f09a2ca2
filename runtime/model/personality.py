"""A personality: one matching dictionary of a bundle's IOKitPersonalities.

Source: Apple, IOKitPersonalities; xnu iokit/Kernel/IOCatalogue.cpp.
Invariant: a value; what matches what is `runtime.matching`'s.
"""

import msgspec

from runtime.model.properties import Properties

DEFAULT_CATEGORY = "IODefaultMatchCategory"

PersonalityKey = tuple[str, str]
"""Bundle id and name: two bundles may use one name."""


class Personality(msgspec.Struct, frozen=True):
    """One personality of one bundle.

    `table` is the whole dictionary as it stands in the Info.plist.
    """

    name: str
    bundle_id: str
    provider_class: str
    user_class: str
    table: Properties
    category: str = DEFAULT_CATEGORY
    probe_score: int = 0
    server_name: str = ""  # IOUserServerName
    content_hash: str = ""  # of the bundle that carries it

    @property
    def key(self) -> PersonalityKey:
        """What tells it from every other."""
        return self.bundle_id, self.name

    @property
    def shares_process(self) -> bool:
        """Whether all services of its server name are to be in one process.

        IOUserServerOneProcess has to be true, and the server's name of the bundle's organisation:
        the first two parts of both are the same. Else every service has a process of its own.
        Source: Apple, IOUserServerOneProcess; xnu IOUserServer.cpp, launchUserServer, which takes
        the key with any value for true.
        """
        same = self.server_name.split(".")[:2] == self.bundle_id.split(".")[:2]
        return self.table.get("IOUserServerOneProcess") is True and same
