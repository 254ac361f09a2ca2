"""Who gets a USB interface: all kernel aliases and a Mac's personalities, against libkmod.

Ours finds winner and score among both; the peer resolves the MODALIAS to module names. Inputs are
the real lists beside the checkout (`../shared/corpora/idtables`, or `IOREGISTRY_CORPORA`).
`python -m benchmarks.matching` prints what the index costs.
Invariant: both contenders see the same devices in the same order.
"""

import os
import random
import re
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Benchmark, Sample
from benchmarks.kmod import Kmod, make_folder
from runtime.extensions.plist_files import read_sources
from runtime.matching import Catalogue, Provider, aliases, competition
from runtime.model.classes import chain
from runtime.model.errors import UnavailableError
from runtime.model.identity import BundleId, EntryId
from runtime.model.properties import Properties

ROOT = Path(__file__).resolve().parents[1]
DEVICES = 1000
_CLASSES = ((3, 1, 1), (8, 6, 0x50), (0xFF, 0xFF, 0xFF), (0xE, 1, 0), (9, 0, 0))
_VENDOR = re.compile(r"^([0-9a-f]{4})  ")
_PRODUCT = re.compile(r"^\t([0-9a-f]{4})  ")


def tables() -> Path:
    """The folder of identifier tables.

    Raises:
        UnavailableError: There is none.
    """
    named = os.environ.get("IOREGISTRY_CORPORA")
    places = [ROOT.parent / "shared/corpora", ROOT.parents[1] / "shared/corpora"]
    for place in [Path(named)] if named else places:
        if (place / "idtables").is_dir():
            return place / "idtables"
    raise UnavailableError(f"benchmark: expected the folder {places[0]}/idtables, found none")


def alias_text() -> str:
    """The text of the kernel's modules.alias."""
    return next(tables().glob("debian-*/modules.alias*")).read_text()


def catalogue() -> Catalogue:
    """The personalities of a Mac's kernel extensions."""
    made = Catalogue()
    file = min(tables().glob("macos-*/*.plist.gz"))
    for number, source in enumerate(read_sources(file)):
        made.add(BundleId(f"{source.bundle_id} {number}"), source.personalities())
    return made


def devices() -> list[tuple[str, Provider]]:
    """Interfaces of `DEVICES` products of usb.ids, with their MODALIAS; the same every time."""
    products: list[tuple[int, int]] = []
    vendor = -1
    text = next(tables().glob("debian-*/usb.ids")).read_text(errors="replace")
    for line in text.split("\n"):
        if found := _VENDOR.match(line):
            vendor = int(found[1], 16)
        elif vendor >= 0 and (found := _PRODUCT.match(line)):
            products.append((vendor, int(found[1], 16)))
        elif line.startswith("C 00"):
            break
    chosen = random.Random(1).sample(products, DEVICES)  # noqa: S311 - no secret
    return [_interface(number, *product) for number, product in enumerate(chosen)]


def _interface(number: int, vendor: int, product: int) -> tuple[str, Provider]:
    cls, subclass, protocol = _CLASSES[number % len(_CLASSES)]
    modalias = (
        f"usb:v{vendor:04X}p{product:04X}d0100dc00dsc00dp00"
        f"ic{cls:02X}isc{subclass:02X}ip{protocol:02X}in00"
    )
    properties: Properties = {
        "idVendor": vendor,
        "idProduct": product,
        "bcdDevice": 0x100,
        "bInterfaceNumber": 0,
        "bInterfaceClass": cls,
        "bInterfaceSubClass": subclass,
        "bInterfaceProtocol": protocol,
        "bConfigurationValue": 1,
        "USBSpeed": 3,
        "MODALIAS": modalias,
    }
    classes = chain("IOUSBHostInterface")
    return modalias, Provider(EntryId(number), classes[0], classes, properties)


def _timed(action: Callable[[], object], count: int) -> float:
    """Microseconds for one of `count`."""
    began = time.perf_counter_ns()
    action()
    return (time.perf_counter_ns() - began) / 1e3 / count


@contextmanager
def ours() -> Iterator[Sample]:
    """Winner and score for every device."""
    held, index, present = catalogue(), aliases.build(alias_text()), devices()

    def all_devices() -> None:
        for modalias, provider in present:
            competition.winner(provider, held, index.winner(modalias))

    yield lambda: _timed(all_devices, DEVICES)


@contextmanager
def peer() -> Iterator[Sample]:
    """Libkmod's modules for every device."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_folder(alias_text(), Path(folder))
        present = [modalias for modalias, _ in devices()]
        with Kmod(made) as kmod:

            def all_devices() -> None:
                for modalias in present:
                    kmod.look_up(modalias)

            yield lambda: _timed(all_devices, DEVICES)


MATCHING = Benchmark(
    name="matching",
    summary="winner and score of a USB interface among kernel aliases and personalities",
    unit="µs",
    goal=0.35,
    ours=ours,
    peer=peer,
    samples=5,
    note="libkmod is called through ctypes, which costs it a few µs for each device",
)


def figures() -> Iterator[tuple[str, float, str]]:
    """What the index costs: (name, value, unit), the best of five."""
    text, held = alias_text(), catalogue()

    def best(action: Callable[[], object]) -> float:
        return min(_timed(action, 1) for _ in range(5)) / 1e3

    yield "aliases", len(aliases.build(text)), ""
    yield "personalities", len(held), ""
    yield "index from text", best(lambda: aliases.build(text)), "ms"
    kept = aliases.build(text).dump()
    yield "index from cache", best(lambda: aliases.load(kept)), "ms"
    first = devices()[0][0]
    yield "index from cache, with its first look-up", best(lambda: _first(kept, first)), "ms"
    yield "cache", len(kept) / 1e6, "MB"
    tracemalloc.start()
    index = aliases.load(kept)
    assert index is not None
    for modalias, _ in devices():
        index.winner(modalias)
    yield "index in memory, in use", tracemalloc.get_traced_memory()[0] / 1e6, "MB"
    tracemalloc.stop()
    modalias, provider = devices()[0]
    kexts = index.look_up(modalias)
    whole = best(lambda: competition.candidates(provider, held, kexts))
    yield "full trace against the whole catalogue", whole, "ms"


def _first(kept: bytes, modalias: str) -> object:
    index = aliases.load(kept)
    return index and index.look_up(modalias)


if __name__ == "__main__":
    for name, value, unit in figures():
        sys.stdout.write(f"{name}: {value:g} {unit}\n")
