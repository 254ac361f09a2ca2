"""HID truth from others: hidrd's reading of descriptors, macOS's, and the rules on all of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from runtime.interchange.registry_file import properties_of
from runtime.matching import Catalogue, Provider, match
from runtime.model.classes import chain
from runtime.model.device import Device
from runtime.model.identity import BundleId, EntryId
from runtime.model.personality import Personality
from runtime.model.properties import Properties, Value
from runtime.model.report_descriptor import collections
from runtime.reader.load import open_registry
from runtime.registry import mapping
from runtime.registry.hid_mapping import usages

_XML = re.compile(
    r"<usage_page>(?P<page>\w+)(?:<!--[^>]*?\((?P<page_hex>[0-9A-F]+)h)?"
    r"|<usage>(?P<usage>\w+)(?:<!--[^>]*?\((?P<usage_hex>[0-9A-F]+)h)?"
    r'|<COLLECTION type="(?P<kind>\w+)"|</COLLECTION>|<(?:input|output|feature)>'
)
"""What hidrd writes: numbers in hexadecimal, or a name with the number in a comment."""
_KINDS = {"physical": 0, "application": 1, "logical": 2}
_RECORDED = re.compile(r"^R: \d+ ((?:[0-9a-fA-F]{2} ?)+)$", re.MULTILINE)
_UMOCKDEV = re.compile(r"^H: report_descriptor=([0-9A-Fa-f]+)$", re.MULTILINE)
OWN_PAIRS = {
    "AppleHSBluetoothDevice",
    "AppleUSBMultitouchDriver",
    "IOHIDInterface of AppleHSBluetoothDevice",
    "IOHIDInterface of AppleUSBMultitouchDriver",
}
"""Drivers of Apple's that publish pairs of their own instead of the descriptor's."""


def descriptors(corpora: Path) -> Iterator[tuple[str, bytes]]:
    """Every report descriptor of real devices, with the HID name of its device."""
    for file in sorted(corpora.glob("machines_wacom/**/*.hid.bin")):
        yield file.name.removesuffix(".hid.bin"), file.read_bytes()
    for file in sorted(corpora.glob("recordings/**/*")):
        if file.suffix in {".txt", ".umockdev"}:
            for pattern in (_RECORDED, _UMOCKDEV):
                for text in pattern.findall(file.read_text(errors="replace")):
                    yield "0003:1234:5678.0001", bytes.fromhex(text)


def test_collections_are_those_that_hidrd_reads(
    corpora: Path, measured: Callable[[str], None]
) -> None:
    files = [
        (file, file.with_suffix(".xml"))
        for file in sorted(corpora.glob("machines_wacom/**/*.hid.bin"))
    ]
    for file, text in files:
        ours = [(*each.usage, each.kind) for each in collections(file.read_bytes())]
        assert ours == list(_as_hidrd_has_it(text.read_text())), file.name
    measured(f"report descriptors read as hidrd reads them: {len(files)} of {len(files)}")
    assert len(files) > 40


def _as_hidrd_has_it(text: str) -> Iterator[tuple[int, int, int]]:
    page, named = 0, list[int]()
    for found in _XML.finditer(text):
        if found["page"]:
            page = int(found["page_hex"] or found["page"], 16)
        elif found["usage"]:
            named.append(int(found["usage_hex"] or found["usage"], 16))
        else:
            if found["kind"]:
                yield page, named[0] if named else 0, _KINDS[found["kind"]]
            named.clear()


def test_usage_pairs_are_those_that_macos_publishes(
    corpora: Path, measured: Callable[[str], None]
) -> None:
    count: Counter[str] = Counter()
    others = set()
    for file in sorted(corpora.glob("ioreg/khronokernel+DarwinDumped/*/*.gz")):
        entries = {entry.id: entry for entry in open_registry(file).entries}
        for entry in entries.values():
            has = properties_of(entry)
            descriptor = has.get("ReportDescriptor")
            if not isinstance(descriptor, bytes) or "DeviceUsagePairs" not in has:
                continue
            ours = usages(descriptor)
            if all(has.get(key) == value for key, value in ours.items()):
                count["equal"] += 1
            else:
                above = entries[EntryId(entry.parent)].cls if entry.cls == "IOHIDInterface" else ""
                others.add(f"{entry.cls} of {above}" if above else entry.cls)
                count["published by the driver itself"] += 1
    measured(f"usages of HID entries in dumps of Macs, as the descriptor says: {dict(count)}")
    assert count["equal"] > 130
    assert others <= OWN_PAIRS


def test_the_rules_on_every_real_descriptor(corpora: Path, measured: Callable[[str], None]) -> None:
    """Each device matches who asks for one of its usages, and nobody who asks for another."""
    found = list(descriptors(corpora))
    everything = {tuple(pair.values()) for _, data in found for pair in _pairs(usages(data))}
    compared = 0
    for name, data in found:
        provider = _provider(name, data)
        own = {tuple(pair.values()) for pair in _pairs(provider.properties)}
        primary = tuple(usages(data)[key] for key in ("PrimaryUsagePage", "PrimaryUsage"))
        held = Catalogue()
        held.add(BundleId("b"), [_asking(page, usage) for page, usage in everything])
        held.add(BundleId("p"), [_primary(page, usage) for page, usage in everything])
        scores = {each.personality.name: each.score for each in match(provider, held).candidates}
        expected = {f"pair {pair}": 1200 for pair in own}
        assert scores == expected | {f"primary {primary}": 1200}, name
        compared += len(held)
    measured(f"HID rules on {len(found)} real descriptors: {compared} verdicts as expected")
    assert len(found) > 50


def _pairs(has: Properties) -> list[Properties]:
    pairs = has["DeviceUsagePairs"]
    assert isinstance(pairs, list)
    return [pair for pair in pairs if isinstance(pair, dict)]


def _provider(name: str, descriptor: bytes) -> Provider:
    """A device of that descriptor, as the registry maps it."""
    bus, vendor, number = name.partition(".")[0].split(":")
    device = Device(
        f"/sys/devices/{name}",
        name,
        "hid",
        properties={"HID_ID": f"{bus}:0000{vendor}:0000{number}"},
        attributes={"report_descriptor": descriptor.decode("utf-8", "surrogateescape")},
    )
    shown = mapping.mapped(device)
    assert shown.properties["ReportDescriptor"] == descriptor
    return Provider(EntryId(1), shown.name, chain(shown.cls), shown.properties)


def _asking(page: Value, usage: Value) -> Personality:
    pair: Value = {"DeviceUsagePage": page, "DeviceUsage": usage}
    return _personality(f"pair {(page, usage)}", {"DeviceUsagePairs": [pair]})


def _primary(page: Value, usage: Value) -> Personality:
    keys: Properties = {"PrimaryUsagePage": page, "PrimaryUsage": usage}
    return _personality(f"primary {(page, usage)}", keys)


def _personality(name: str, keys: Properties) -> Personality:
    table: Properties = {"IOProviderClass": "IOHIDDevice", **keys}
    return Personality(name, "com.example", "IOHIDDevice", "P", table)
