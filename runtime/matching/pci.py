"""PCI: the match strings, compared with the configuration registers.

A string is a list of hexadecimal numbers, each with an optional mask: ``0x15338086&0xffffffff``.
IOPCIMatch is compared with vendor and device and then with the subsystem's; IOPCIPrimaryMatch
with the first alone, IOPCISecondaryMatch with the second, IOPCIClassMatch with class code and
revision, whose default mask leaves the revision out. The family leaves the score alone: that of
a PCI personality is its IOProbeScore.
Source: IOPCIFamily IOPCIBridge.cpp (matchKeys, pciMatchNub).
Invariant: pure.
"""

import re

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import number
from runtime.model.properties import Properties, Value

CLASS = "IOPCIDevice"
_ID, _SUBSYSTEM, _CLASS = 0x00, 0x2C, 0x08  # offsets in configuration space
_ALL, _NO_REVISION = 0xFFFF_FFFF, 0xFFFF_FF00
PCI_KEYS: dict[str, tuple[tuple[int, ...], int]] = {
    "IOPCIMatch": ((_ID, _SUBSYSTEM), _ALL),
    "IOPCIPrimaryMatch": ((_ID,), _ALL),
    "IOPCISecondaryMatch": ((_SUBSYSTEM,), _ALL),
    "IOPCIClassMatch": ((_CLASS,), _NO_REVISION),
}
"""Key: the registers that it is compared with, and the default mask; compared in this order."""

_TERM = re.compile(r"\s*(?:0x)?([0-9a-f]+)(?:\s*&\s*(?:0x)?([0-9a-f]+))?(?=\s|$)", re.I)


def match_pci(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Compare a personality's PCI keys with a provider."""
    for key, (offsets, mask) in PCI_KEYS.items():
        wanted = table.get(key)
        if wanted is None:
            continue
        if not isinstance(wanted, str):
            return mismatch(key, "text", wanted)
        found = [_register(provider.properties, offset) for offset in offsets]
        wanted_terms = terms(wanted, mask)
        if not any(
            value & bits == here & bits
            for here in found
            if here is not None
            for value, bits in wanted_terms
        ):
            here_text = ", ".join("nothing" if it is None else f"0x{it:08x}" for it in found)
            return Mismatch(key, wanted, here_text)
    return Scored()


def terms(text: str, mask: int) -> list[tuple[int, int]]:
    """The (value, mask) pairs of a match string, up to the first that is not one.

    Numbers are cut to 32 bits, as strtoul's result is there.
    """
    pairs: list[tuple[int, int]] = []
    at = 0
    while found := _TERM.match(text, at):
        bits = int(found[2], 16) & _ALL if found[2] else mask
        pairs.append((int(found[1], 16) & _ALL, bits))
        at = found.end()
    return pairs


def _register(has: Properties, offset: int) -> int | None:
    """A configuration register, put together from the properties that IOPCIFamily publishes."""
    if offset == _CLASS:
        code, revision = _number(has.get("class-code")), _number(has.get("revision-id"))
        return None if code is None else (code << 8 | (revision or 0)) & _ALL
    high, low = (
        ("device-id", "vendor-id") if offset == _ID else ("subsystem-id", "subsystem-vendor-id")
    )
    upper, lower = _number(has.get(high)), _number(has.get(low))
    if upper is None or lower is None:
        return None
    return (upper & 0xFFFF) << 16 | lower & 0xFFFF


def _number(value: Value | None) -> int | None:
    """IOPCIFamily keeps its numbers as data, little-endian."""
    if isinstance(value, bytes):
        return int.from_bytes(value, "little")
    return None if value is None else number(value)
