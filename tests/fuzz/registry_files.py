"""Mutates registry files of every format and reads them.

Usage: `python -m tests.fuzz.registry_files FOLDER [--seconds N] [--seed N]`.
A finding is any end but a registry or one sentence, and any input that takes long for its size. Run
by hand; what it finds becomes a test.
"""

import argparse
import gzip
import random
import sys
import time
from pathlib import Path

from runtime.interchange import explorer_writer, json_form, recording
from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options, lines
from runtime.interchange.planes import project
from runtime.interchange.registry_file import RegistryFile, stats
from runtime.model.errors import ProblemError
from runtime.reader.load import open_registry, read

LARGEST = 200_000  # bytes of a seed that are kept
SECONDS_A_MEGABYTE = 20.0
TOKENS = (
    *(b"{", b"}", b'"', b'" = ', b"+-o ", b"  <class ", b"\n", b"\r", b"<", b">", b"| ", b"\0"),
    *(b"(", b"=", b"P: /devices/", b"E: A=", b"\xff", b"&lt;class", b"[", b"],", b"</dict>"),
)


def main() -> int:
    """Fuzz for a while; the exit code is 1 after a finding, which is written beside."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="real files to begin with")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    seeds = _seeds(options.folder)
    until = time.monotonic() + options.seconds
    count = accepted = 0
    while time.monotonic() < until:
        data = _mutated(rng.choice(seeds), rng)
        count += 1
        started = time.process_time()
        try:
            accepted += _reads(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            found = Path(f"finding-{options.seed}-{count}")
            found.write_bytes(data)
            sys.stdout.write(f"{found}: {error!r}\n")
            return 1
        if time.process_time() - started > 1 + SECONDS_A_MEGABYTE * len(data) / 1e6:
            found = Path(f"slow-{options.seed}-{count}")
            found.write_bytes(data)
            sys.stdout.write(f"{found}: {time.process_time() - started:.1f} s\n")
            return 1
    sys.stdout.write(f"{count} inputs of {len(seeds)} seeds, {accepted} read, none failed\n")
    return 0


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
        if len(project(file.entries, plane)) < 2000:
            for _ in lines(file.entries, Options(list_all=True, smart=True), plane):
                pass
    return True


def _seeds(folder: Path) -> list[bytes]:
    files = sorted(path for path in folder.glob("**/*") if path.suffix in {".txt", ".gz"})
    seeds: list[bytes] = []
    for path in files[:: max(1, len(files) // 24)]:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if path.suffix == ".gz" else raw
        if data.startswith(b"bplist"):
            file = open_registry(path)
            small = file.entries[:40]
            seeds += _written(RegistryFile(file.format, small, file.planes, file.warnings))
        else:
            seeds.append(data[:LARGEST])
    return seeds


def _written(file: RegistryFile) -> list[bytes]:
    return [
        explorer_writer.write(file.entries, file.planes),
        recording.write(file.entries, file.planes),
        "\n".join(json_form.lines(file.entries)).encode(),
        archive(file.entries, Options(list_all=True)),
    ]


def _mutated(data: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(made) + 1)
        end = min(len(made), at + rng.choice((1, 2, 8, 64, 2000)))
        match rng.randrange(6):
            case 0:
                made[at:at] = rng.choice(TOKENS)
            case 1:
                del made[at:end]
            case 2:
                made[at:end] = rng.randbytes(end - at)
            case 3:
                made[at:at] = made[at:end] * rng.choice((1, 2, 50))
            case 4:
                other = rng.randrange(len(made) + 1)
                made[at:end] = made[other : other + end - at]
            case _:
                if at < len(made):
                    made[at] ^= 1 << rng.randrange(8)
    return bytes(made)


if __name__ == "__main__":
    sys.exit(main())
