"""Truth from macOS: who runs in dumps of Macs, and whom our rules put first there.

A driver's entry carries the personality that it was started for, with the score that the kernel
gave it. Where that personality is in a catalogue, it should be the first of its category on the
provider in ours. The dump shows the state afterwards, so some of it cannot be known: what a
driver's `probe` answered, how closed families score, on which entry a driver that attached itself
elsewhere had matched.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.extensions.plist_files import read_sources
from runtime.interchange.registry_file import FileEntry, properties_of
from runtime.matching import Catalogue, Provider, match
from runtime.model.classes import chain
from runtime.model.entry import Entry
from runtime.model.identity import BundleId
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.reader.load import open_registry

PROBES = {
    "AppleXsanScheme": "reads the disk and finds no Xsan on it",
    "AppleUSBCDCCompositeDevice": "finds no communications interface in the device",
    "AppleIntelICHxSATA": "is for serial ATA channels, and sees a parallel one",
    "IOGUIDPartitionScheme": "reads a CD and finds no GUID partition table on it",
    "com_apple_driver_PioneerSuperDrive": "names the vendor only, and is for some of its drives",
    "AppleIntelLpssI2C": "IOPCIMatch with a mask of few bits, which a PCI bridge meets too",
}
"""Drivers with the higher score that left the provider to another in `probe`, and why."""
LATER = {"AppleUSBHostMergeProperties", "AppleAPFSMediaBSDClient"}
"""Drivers of the catalogue's macOS that the older macOS of the dump did not have."""
SCORED_ELSEWHERE = {
    "IOPCI2PCIBridge": "probe takes 100 away (IOPCIBridge.cpp)",
    "BCM5701Enet": "probe",
    "IOATAPIProtocolTransport": "probe",
    "AppleMCP89RootPortPM": "probe",
    "AppleUSB20InternalHub": "probe",
    "IOApplePartitionScheme": "another IOProbeScore in that macOS",
    "AppleHSBluetoothDevice": "IOBluetoothFamily's rules, closed source",
    "AppleHSBluetoothHIDDriver": "Apple's HID transports, closed source",
    "AppleHSSPIHIDDriver": "Apple's HID transports, closed source",
    "AppleBluetoothHIDKeyboard": "IOBluetoothFamily's rules, closed source",
}
"""Drivers whose final score is not the one of passive matching, and why."""
_WRITTEN = {"IOProbeScore", "IOClass", "IOMatchCategory", "IONameMatched"}
_ANYWHERE = {"IOResources", "IOUserResources"}
"""Who matches on these attaches itself where it likes."""


@pytest.fixture(scope="module")
def dumps(corpora: Path) -> list[Path]:
    files = sorted(corpora.glob("ioreg/khronokernel+DarwinDumped/*/*.gz"))
    return [file for file in files if "DT" not in file.name]


@pytest.fixture(scope="module")
def chains(dumps: list[Path]) -> dict[str, tuple[str, ...]]:
    """The class chains that the dumps which have them say."""
    known: dict[str, tuple[str, ...]] = {}
    for file in dumps:
        if file.name.endswith(".ioreg.gz"):
            for entry in open_registry(file).entries:
                known.setdefault(entry.cls, entry.lineage)
    return known


class Mac:
    """A dump, with providers as matching sees them."""

    def __init__(self, entries: list[FileEntry], chains: dict[str, tuple[str, ...]]) -> None:
        self.entries = entries
        self.properties = {entry.id: properties_of(entry) for entry in entries}
        self._by_id: dict[int, FileEntry] = {entry.id: entry for entry in entries}
        self._chains = chains
        self._shown: dict[str, dict[str, None]] = {}  # of classes that no file gives the chain of
        for entry in entries:
            above = self.above(entry)
            wanted = self.properties[entry.id].get("IOProviderClass")
            if above is not None and above.cls not in chains and isinstance(wanted, str):
                known = {} if wanted in _ANYWHERE else dict.fromkeys(chains.get(wanted, (wanted,)))
                self._shown.setdefault(above.cls, {}).update(known)

    def above(self, entry: Entry) -> FileEntry | None:
        return self._by_id.get(entry.parent)

    def provider(self, entry: FileEntry) -> Provider:
        ancestors: list[Provider] = []
        above = self.above(entry)
        while above is not None:
            ancestors.append(self._alone(above))
            above = self.above(above)
        return msgspec.structs.replace(self._alone(entry), ancestors=tuple(ancestors))

    def _alone(self, entry: FileEntry) -> Provider:
        own = self._chains.get(entry.cls) or chain(entry.cls)
        classes = tuple(dict.fromkeys((own[0], *self._shown.get(entry.cls, ()), *own[1:])))
        properties = self.properties[entry.id]
        return Provider(entry.id, entry.name, classes, properties, entry.location)


def catalogue(corpora: Path, machine: str) -> Catalogue:
    made = Catalogue()
    (file,) = corpora.glob(f"idtables/macos-kext-personalities/{machine}*")
    for number, source in enumerate(read_sources(file)):
        made.add(BundleId(f"{source.bundle_id} {number}"), source.personalities())
    return made


def running(mac: Mac, held: Catalogue) -> Iterator[tuple[Provider, Properties, list[Personality]]]:
    """Each entry that still carries a personality of the catalogue: its provider, properties."""
    drivers: dict[object, list[Personality]] = {}
    for one in held:
        key = (one.bundle_id, one.table.get("IOClass"), one.provider_class)
        drivers.setdefault(key, []).append(one)
    for entry in mac.entries:
        has, above = mac.properties[entry.id], mac.above(entry)
        texts = ("CFBundleIdentifier", "IOClass", "IOProviderClass")
        own = drivers.get(tuple(has.get(key) for key in texts), [])
        own = [one for one in own if _carries(has, one.table)]
        if above is not None and own:
            provider = mac.provider(above)
            if provider.conforms_to(own[0].provider_class):
                yield provider, has, own


def _carries(has: Properties, table: Properties) -> bool:
    return all(has.get(key) == value for key, value in table.items() if key not in _WRITTEN)


def signed(value: object) -> object:
    """A number as the kernel meant it: dumps write negative ones as 64 bits without sign."""
    return value - (1 << 64) if isinstance(value, int) and value >> 63 else value


def test_the_driver_that_runs_is_the_first_of_our_rules(
    corpora: Path,
    dumps: list[Path],
    chains: dict[str, tuple[str, ...]],
    measured: Callable[[str], None],
) -> None:
    imac, mini = catalogue(corpora, "iMac19,1"), catalogue(corpora, "MacMini8,1")
    count: Counter[str] = Counter()
    unexplained: set[tuple[object, ...]] = set()
    for file in dumps:
        held = mini if file.parent.name == "MacMini8,1" else imac
        for provider, has, own in running(Mac(open_registry(file).entries, chains), held):
            count["running"] += 1
            driver = has.get("IOClass")
            category = own[0].category
            rivals = [
                each
                for each in match(provider, held).candidates
                if each.personality.category == category
            ]
            mine = [each for each in rivals if each.personality in own]
            if not mine:
                unexplained.add(("does not match", provider.name, driver))
                continue
            best = rivals[0].personality.table.get("IOClass")
            if mine[0] is rivals[0] or best == driver:
                count["first"] += 1
            elif mine[0].score == rivals[0].score:
                count["first together with others"] += 1
            elif best in PROBES or best in LATER:
                count["behind one that refuses in probe, or came later"] += 1
            else:
                unexplained.add(("behind", best, driver))
            if any(each.score == signed(has.get("IOProbeScore")) for each in mine):
                count["with the kernel's very score"] += 1
            elif driver not in SCORED_ELSEWHERE:
                unexplained.add(("score", driver, mine[0].score, has.get("IOProbeScore")))
    measured(f"drivers that run in {len(dumps)} dumps of Macs: {dict(count)}")
    assert unexplained == set()
    assert count["running"] > 2400
    assert count["first"] / count["running"] > 0.89
    assert count["with the kernel's very score"] / count["running"] > 0.83
