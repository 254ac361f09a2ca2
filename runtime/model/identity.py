"""Identities: the numbers and names by which things are known across processes.

Invariant: knows nothing of what it names.
"""

from typing import NewType

EntryId = NewType("EntryId", int)
"""A registry entry: 64 bits, first `ROOT_ID`, counting up, never used again in one run."""

DriverId = NewType("DriverId", int)
"""One driver on one provider, across its restarts: 1 and up, never used again in one run."""

BundleId = NewType("BundleId", str)
"""A reverse-DNS bundle identifier, as in CFBundleIdentifier."""

ContentHash = NewType("ContentHash", str)
"""SHA-256 of a staged bundle's canonical archive: 64 lower-case hex digits."""

RequestId = NewType("RequestId", str)
"""An activation request: `<bundle id>@<first 12 digits of the content hash>:<number>`."""

ROOT_ID = EntryId(0x1_0000_0100)
"""The first entry's id (xnu IORegistryEntry.cpp: gIORegistryLastID starts one below)."""

SERVICE_PLANE = "IOService"
"""The plane that every entry of this registry is in."""
