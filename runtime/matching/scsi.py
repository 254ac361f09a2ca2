"""SCSI: how far the peripheral device nub's inquiry data is named, and what each step scores.

The device type scores 5000, the vendor beside it 10000, the product beside these 15000, the
revision beside these 20000. A step that is left out, by personality or device, ends it; one that
differs fails. Without a device type a personality needs an IOMatchCategory of its own and scores
4900, or nothing when it is the task user client's, which is for devices that nobody drives.
IOProbeScore is added, one of 5000 or more as 4000.
Source: IOSCSIArchitectureModelFamily IOSCSIPeripheralDeviceNub.cpp (matchPropertyTable).
Invariant: pure.
"""

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import same
from runtime.model.properties import Properties

CLASS = "IOSCSIPeripheralDeviceNub"
STEP = 5000
NO_TYPE = 4900
TASKS = "SCSITaskUserClientDevice"
SCSI_KEYS = (
    "Peripheral Device Type",
    "Vendor Identification",
    "Product Identification",
    "Product Revision Level",
)
"""In the order of the steps."""
_HIGHEST_PROBE, _CLAMPED_PROBE = 5000, 4000


def probe_points(probe_score: int) -> int:
    """What a personality's IOProbeScore adds to the family's score."""
    return _CLAMPED_PROBE if probe_score >= _HIGHEST_PROBE else probe_score


def match_scsi(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Return the score of a personality's SCSI keys on a provider, or the first that failed."""
    named: list[str] = []
    for key in SCSI_KEYS:
        wanted, found = table.get(key), provider.properties.get(key)
        if wanted is None or found is None:
            break
        if not same(wanted, found):
            return mismatch(key, wanted, found)
        named.append(key)
    if named:
        return Scored(((" + ".join(named), STEP * len(named)),))
    category = table.get("IOMatchCategory")
    if not isinstance(category, str):
        key = SCSI_KEYS[0]
        return mismatch(key, table.get(key, "a device type"), provider.properties.get(key))
    return Scored(() if category == TASKS else (("no device type", NO_TYPE),))
