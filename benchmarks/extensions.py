"""Extensions: verifying a signed bundle, activating, a full store, a click until Start.

A bundle of 50 MB is held to its signature beside `sha256sum` of its files; what has a time of its
own to keep stands beside that time.
Invariant: every sample does the whole thing again; files are in the cache.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import msgspec

from benchmarks.harness import Benchmark, Contender, Sample
from benchmarks.stage import ROOT, SAMPLE, open_stage
from runtime.extensions import signed_app
from runtime.extensions.contents import Changes, KnownExtension
from runtime.extensions.drafts import new_extension
from runtime.extensions.staging import Staged, stage
from runtime.extensions.store import Store
from runtime.signing import identity

BUNDLE_BYTES = 50_000_000
MODULES, LIBRARIES = 200, 5  # files of the bundle: half of it is in each
STORED = 10_000


def _budget(milliseconds: float) -> Contender:
    """A contender that always takes this long: the time that ours has to keep."""

    @contextmanager
    def stands() -> Iterator[Sample]:
        yield lambda: milliseconds

    return stands


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


@contextmanager
def _signed() -> Iterator[Path]:
    """The sample app with 50 MB of libraries in its extension, signed."""
    with tempfile.TemporaryDirectory(prefix="ioregistry-benchmark-") as folder:
        app = Path(folder) / SAMPLE.name
        copytree(SAMPLE, app)
        (dext,) = app.rglob("*.dext")
        vendored = dext / "Resources" / "python"
        vendored.mkdir(parents=True)
        for count, suffix in ((MODULES, "py"), (LIBRARIES, "so")):
            for number in range(count):
                data = os.urandom(BUNDLE_BYTES // 2 // count)
                (vendored / f"part{number}.{suffix}").write_bytes(data)
        for path, data in signed_app.sign(signed_app.read(app), identity.make_test(), None).items():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        yield app


@contextmanager
def _verify() -> Iterator[Sample]:
    with _signed() as app:
        yield lambda: _timed(lambda: signed_app.verify(signed_app.read(app)))


@contextmanager
def _dext_verify() -> Iterator[Sample]:
    command = [sys.executable, "-m", "runtime.commands.dext", "verify"]
    with _signed() as app:
        yield lambda: _timed(lambda: _run([*command, str(app)]))


@contextmanager
def _sha256sum() -> Iterator[Sample]:
    with _signed() as app:
        files = [str(path) for path in app.rglob("*") if path.is_file()]
        yield lambda: _timed(lambda: _run(["sha256sum", *files]))


def _run(command: list[str]) -> None:
    """Run a program; 1 is `dext verify`'s word for an app whose signer nobody trusts."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)


@contextmanager
def _activate() -> Iterator[Sample]:
    """An approved extension's app asks again; a second lies between two samples."""
    with open_stage() as stage_:
        stage_.approve_sample()

        def sample() -> float:
            time.sleep(1.0)
            return _timed(stage_.approve_sample)

        yield sample


@contextmanager
def _approve() -> Iterator[Sample]:
    """From the decision's message until the driver's Start has returned."""
    with open_stage() as stage_:
        stage_.approve_sample()
        stage_.plug_sample()
        stage_.wait_for_running(1)

        def sample() -> float:
            stage_.remove_sample()
            request = stage_.ask_for_sample()
            time.sleep(1.0)
            began = time.perf_counter()
            stage_.approve(request)
            stage_.wait_for_running(1)
            return (time.perf_counter() - began) * 1000

        yield sample


@contextmanager
def _store() -> Iterator[Sample]:
    """A store with so many extensions is opened, checked and read."""
    with tempfile.TemporaryDirectory(prefix="ioregistry-benchmark-") as folder:
        known = _known(stage(SAMPLE, "", Path(folder), None))
        store = Store(Path(folder))
        store.commit(Changes(extensions={one.record.id: one for one in known}))
        store.close()
        yield lambda: _timed(lambda: Store(Path(folder)).close())


def _known(staged: Staged) -> Iterator[KnownExtension]:
    for number in range(STORED):
        one = new_extension(f"com.example.driver{number}@0", staged)
        record = msgspec.structs.replace(one.record, bundle_id=f"com.example.driver{number}")
        yield KnownExtension(record, one.manifest)


VERIFY = Benchmark(
    "verify", "a signed bundle of 50 MB is held to its signature", "ms", 1.0, _verify, _sha256sum, 3
)
DEXT_VERIFY = Benchmark(
    "dext-verify", "`dext verify` of it, with its start", "ms", 2.0, _dext_verify, _sha256sum, 3
)
ACTIVATE = Benchmark(
    "activate", "an approved extension is activated", "ms", 1.0, _activate, _budget(50), 3
)
STORE = Benchmark(
    "store", "a store of 10,000 extensions is opened", "ms", 1.0, _store, _budget(200), 3
)
APPROVE = Benchmark(
    "approve", "approval → Start of the sample's driver", "ms", 1.0, _approve, _budget(100), 2
)
