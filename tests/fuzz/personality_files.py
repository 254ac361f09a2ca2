"""Mutates Info.plist files, reads their personalities, lints them and matches them.

Usage: `python -m tests.fuzz.personality_files FOLDER [--seconds N] [--seed N]`.
A finding is any end but a verdict or one sentence, and a sentence of several lines; it is written
to the present folder. Run by hand; what it finds becomes a test.
"""

import argparse
import plistlib
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.parsers.expat import ExpatError

from runtime.extensions.plist_files import Source, read_sources
from runtime.extensions.plist_lines import key_lines
from runtime.matching import Catalogue, Provider, match
from runtime.matching.lint import lint
from runtime.model import match_words
from runtime.model.classes import chain
from runtime.model.errors import BundleError
from runtime.model.identity import BundleId, EntryId
from runtime.model.properties import Properties
from tests.fuzz.mutation import mutated

LARGEST = 60_000  # bytes of a seed that are kept
MOST = 20  # findings, then it stops
_CLASSES = (
    "IOUSBHostDevice",
    "IOUSBHostInterface",
    "IOHIDDevice",
    "IOPCIDevice",
    "IOSCSILogicalUnitNub",
    "IOMedia",
    "IOSerialBSDClient",
    "IOUserResources",
)


def main() -> int:
    """Fuzz for a while; the exit code is 1 after a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="real files to begin with")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    seeds = list(_seeds(options.folder))
    if not seeds:
        parser.error(f"{options.folder}: expected files Info.plist, found none")
    until = time.monotonic() + options.seconds
    count = accepted = found = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Info.plist"
        while time.monotonic() < until and found < MOST:
            file.write_bytes(data := mutated(rng.choice(seeds), rng))
            count += 1
            read, complaint = _judged(file)
            accepted += read
            if complaint:
                found += 1
                Path(f"finding-{options.seed}-{count}.plist").write_bytes(data)
                sys.stdout.write(f"{count}: {complaint}\n")
    sys.stdout.write(f"{count} files, {accepted} read, {found} findings\n")
    return 1 if found else 0


def _seeds(folder: Path) -> Iterator[bytes]:
    """Property lists that are one, so that their values can be changed too."""
    for file in sorted(folder.rglob("*Info.plist")):
        data = file.read_bytes()
        with suppress(ValueError, ExpatError):
            plistlib.loads(data)
            if len(data) <= LARGEST:
                yield data


def _judged(file: Path) -> tuple[bool, str]:
    """Whether the file was read, and what is wrong with how it ended."""
    try:
        sources = read_sources(file)
    except BundleError as refusal:
        return False, "" if str(refusal).isprintable() else f"not one line: {str(refusal)!r}"
    try:
        texts = [text for source in sources for text in _verdicts(source)]
    except Exception:  # noqa: BLE001 - whatever it is, it is a finding
        return True, traceback.format_exc()
    broken = [text for text in texts if "\n" in text]
    return True, f"not one line: {broken[0]!r}" if broken else ""


def _verdicts(source: Source) -> Iterator[str]:
    """Every sentence about a bundle: complaints, lint's, and why its personalities do not match."""
    yield from source.complaints
    key_lines(source.data)
    for dext in (False, True):
        yield from (each.text for each in lint(source.tables, source.bundle_id, dext=dext))
    held = Catalogue()
    held.add(BundleId("b"), source.personalities())
    for table in [*source.tables.values(), Properties()]:
        for cls in _CLASSES:
            above = Provider(EntryId(1), "Above", chain(cls), table)
            provider = Provider(EntryId(2), "P", chain(cls), table, ancestors=(above,))
            whole, narrow = match(provider, held), match(provider, held, narrow=True)
            assert whole.candidates == narrow.candidates
            for told in whole.trace:
                sentence = match_words.reason(told)
                yield sentence.template.format(**sentence.fields)


if __name__ == "__main__":
    sys.exit(main())
