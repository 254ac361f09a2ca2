"""Mutates registry files of one format, or of all, and reads them.

Usage: `python -m tests.fuzz.registry_files FOLDER [--format F] [--seconds N] [--seed N]`.
A finding is any end but a registry or one sentence, and any input that takes long or much memory
for its size; it is written to the present folder. Run by hand; what it finds becomes a test.
"""

import argparse
import gzip
import random
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from runtime.interchange import explorer_writer, json_form, recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options, lines
from runtime.interchange.planes import project
from runtime.interchange.registry_file import FileEntry, RegistryFile, plain, stats
from runtime.model.errors import BreachError, ProblemError
from runtime.reader.load import open_registry, read
from runtime.wire.history import At, Begin, Gone, Put, Record, Whole, Writer, difference
from tests.fuzz.mutation import mutated

LARGEST = 60_000  # bytes of a seed that are kept
SEEDS = 24  # of a format
SMALL = 2000  # entries of a registry that is written in every form
SECONDS_A_MEGABYTE = 20.0
MEMORY = 64 << 20  # bytes that reading may take, and ten times the file
MOST = 20  # findings, then it stops


def main() -> int:
    """Fuzz for a while; the exit code is 1 after a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="real files to begin with")
    parser.add_argument("--format", default="", help="only files of this format")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    seeds = _seeds(options.folder, options.format)
    if not seeds:
        parser.error(f"{options.folder}: expected files of {options.format!r}, found none")
    until = time.monotonic() + options.seconds
    count = accepted = found = 0
    while time.monotonic() < until and found < MOST:
        data = mutated(rng.choice(seeds), rng)
        count += 1
        read_, complaint = _judged(data)
        accepted += read_
        if complaint:
            found += 1
            name = f"finding-{options.format}-{options.seed}-{count}".replace(" ", "-")
            Path(name).write_bytes(data)
            sys.stdout.write(f"{name}: {complaint}\n")
            sys.stdout.flush()
    sys.stdout.write(
        f"{options.format or 'all formats'}: {count} inputs of {len(seeds)} seeds, "
        f"{accepted} read, {found} findings\n"
    )
    return 1 if found else 0


def _judged(data: bytes) -> tuple[bool, str]:
    """Whether an input was read, and what is wrong with how it went."""
    started, before = time.process_time(), _peak()
    try:
        accepted = _reads(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return False, repr(error)
    spent = time.process_time() - started
    if spent > 1 + SECONDS_A_MEGABYTE * len(data) / 1e6:
        return accepted, f"{len(data)} bytes took {spent:.1f} s"
    if _peak() - before > MEMORY + 10 * len(data):
        return accepted, f"{len(data)} bytes took {(_peak() - before) >> 20} MiB"
    return accepted, ""


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _reads(data: bytes) -> bool:
    """Read and write everything; False where the file was refused in one sentence."""
    try:
        file = read(data, "f")
    except ProblemError as error:
        if "\n" in str(error):
            raise AssertionError(f"more than one line: {error}") from error
        return False
    stats(file.format, file.entries, file.planes, file.warnings)
    for plane in file.planes[:2]:
        if len(project(file.entries, plane)) < SMALL:
            for _ in lines(file.entries, Options(list_all=True, smart=True), plane):
                pass
    if len(file.entries) < SMALL:
        try:
            written = _written(file)
        except BreachError:  # one sentence: a value that no message can hold
            return True
        for form in filter(None, written):  # `ioreg -a` writes nothing where nothing is found
            read(form, "again")
    if recording.looks_like(data):
        _reads_history(file.history)
    return True


def _reads_history(segments: Sequence[recorded.Segment]) -> None:
    try:
        recorded.Past(segments).moment(1 << 40)
        recorded.anonymous(segments, Anonymizer([]))
    except (BreachError, ProblemError):
        return


def _format(data: bytes) -> str:
    try:
        return read(data, "seed").format
    except ProblemError:
        return ""


def _seeds(folder: Path, form: str) -> list[bytes]:
    """Real files, cut to a length, and small ones in the formats that nobody publishes."""
    seeds: dict[str, list[bytes]] = {}
    for path in sorted(folder.glob("**/*")):
        if path.suffix not in {".txt", ".gz"}:
            continue
        raw = path.read_bytes()
        data = gzip.decompress(raw) if path.suffix == ".gz" else raw
        if data.startswith(b"bplist"):
            file = open_registry(path)
            small = file.entries[:40]
            made = _written(RegistryFile(file.format, small, file.planes, file.warnings))
        else:
            made = [data[:LARGEST]]
        for seed in made:
            seeds.setdefault(_format(seed), []).append(seed)
    seeds.pop("", None)
    wanted = [seeds.get(form, [])] if form else list(seeds.values())
    return [seed for same in wanted for seed in same[:: max(1, len(same) // SEEDS)]]


def _written(file: RegistryFile) -> list[bytes]:
    return [
        explorer_writer.write(file.entries, file.planes),
        recording.write(file.entries, file.planes, history=[_history(file.entries)]),
        "\n".join(json_form.lines(file.entries)).encode(),
        archive(file.entries, Options(list_all=True), file.planes[0]),
    ]


def _history(entries: list[FileEntry]) -> list[bytes]:
    """A past in two chunks: everything comes, one entry changes, the last one goes."""
    known = [plain(entry) for entry in entries]
    begin: list[Record] = [Begin(1, "run"), At(1000), *(Put(entry) for entry in known), Whole()]
    changed = difference(known[0], msgspec.structs.replace(known[0], name="other", busy=1))
    assert changed is not None
    writer = Writer()
    return [writer.chunk(begin), writer.chunk([At(2000), changed, Gone(known[-1].id)])]


if __name__ == "__main__":
    sys.exit(main())
