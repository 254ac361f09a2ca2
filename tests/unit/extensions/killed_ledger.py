"""Kills itself at a chosen system call of all that changes what may run, and looks.

Activation, approval, upgrade, profiles, revocation, undo and removal. A program of its own: each
round is a fork that does the deeds in order and says through a pipe which were acknowledged; at its
N-th call of the C library's file functions or of SQLite it gets SIGKILL, before the call or after
it. Then the state folder is opened again: it is as it was after the deeds that were acknowledged,
or after the one that was under way; what may run can be loaded; and the deeds go on to the same
end. Prints how many rounds there were.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from runtime.extensions.staging import Staged, collect_garbage, load_staged, stage
from runtime.model.content import content_hash
from runtime.model.identity import BundleId
from runtime.model.policy import Profile
from tests.unit.extensions.conftest import BUNDLE_ID, AppFolder, Bench

POINTS = frozenset(
    {"execute", "executescript", "fsync", "rename", "open", "write", "flush", "mkdir", "unlink"}
)
"""Functions that change what is on the disk."""

Snapshot = tuple[object, ...]
Deed = Callable[[Bench, list[AppFolder]], object]


def _stage(bench: Bench, app: AppFolder) -> Staged:
    return stage(app.path, "", bench.state_dir, None)


def _approve(bench: Bench) -> object:
    return bench.answer(bench.extensions.requests()[-1])


def _undo(bench: Bench) -> object:
    return bench.extensions.retractions.undo(bench.extensions.requests()[-1].id, "admin")


FORBIDDING = Profile("org.example.no", "No", "Example", "no.mobileconfig", user_overrides=False)
"""Takes effect on all that users decided, for as long as it is there."""

DEEDS: tuple[Deed, ...] = (
    lambda bench, _: bench.extensions.set_developer(on=True, by="admin"),
    lambda bench, apps: bench.ask(_stage(bench, apps[0])),
    lambda bench, _: _approve(bench),
    lambda bench, _: bench.extensions.profiles.add(FORBIDDING, "admin"),
    lambda bench, _: bench.extensions.profiles.remove(FORBIDDING.identifier, "admin"),
    lambda bench, apps: bench.ask(_stage(bench, apps[1])),
    lambda bench, _: _approve(bench),
    lambda bench, _: bench.extensions.upgrades.settle(BundleId(BUNDLE_ID)),
    lambda bench, apps: bench.ask(_stage(bench, apps[0])),
    lambda bench, _: bench.extensions.upgrades.roll_back(BundleId(BUNDLE_ID), "it crashed"),
    lambda bench, _: bench.extensions.retractions.revoke(BundleId(BUNDLE_ID), "", "admin"),
    lambda bench, apps: bench.ask(_stage(bench, apps[1])),
    lambda bench, _: _approve(bench),
    lambda bench, _: _undo(bench),
    lambda bench, _: _approve(bench),
    lambda bench, _: bench.ask_removal(),
    lambda bench, _: _approve(bench),
    lambda bench, apps: bench.ask(_stage(bench, apps[0])),
    lambda bench, _: _approve(bench),
    lambda bench, _: bench.extensions.removals.remove(BundleId(BUNDLE_ID), "admin"),
)
"""The third activation is of a version that was approved before: an upgrade at once."""


def snapshot(bench: Bench) -> Snapshot:
    known = bench.extensions
    return (
        known.developer,
        tuple(known.profiles.all()),
        tuple((one.version, one.state.value, one.note) for one in known.extensions()),
        tuple((one.version, one.state.value, one.decided_by) for one in known.requests()),
    )


class Killer:
    """A profile function that kills this process before or after its N-th point."""

    def __init__(self, number: int) -> None:
        self.count = 0
        self._number = number

    def __call__(self, _frame: FrameType, event: str, function: object) -> None:
        if event in ("c_call", "c_return") and getattr(function, "__name__", "") in POINTS:
            self.count += 1
            if self.count == self._number:
                os.kill(os.getpid(), signal.SIGKILL)


def do(folder: Path, apps: list[AppFolder], number: int) -> int:
    """Do all deeds in a fork that dies at a point; how many were acknowledged, by it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        sys.setprofile(Killer(number))
        bench = Bench(folder)
        for deed in DEEDS:
            deed(bench, apps)
            os.write(writer, b".")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as acknowledged:
        count = len(acknowledged.read())
    os.waitpid(pid, 0)
    return count


def check(folder: Path, snapshots: list[Snapshot], done: int, apps: list[AppFolder]) -> None:
    """Open the folder as the runtime does after its end, and do the rest of the deeds."""
    bench = Bench(folder)
    assert bench.store.notes == (), bench.store.notes
    now = snapshot(bench)
    assert now in snapshots[done : done + 2], f"after {done} deeds: {now}"
    for path in (folder / "staged").glob("[0-9a-f]*"):
        assert content_hash(path.read_bytes()) == path.name, path
    for active in bench.extensions.active():
        load_staged(folder, active.extension.content_hash)
    collect_garbage(folder, bench.extensions.referenced())
    for deed in DEEDS[done + (now != snapshots[done]) :]:
        deed(bench, apps)
    assert snapshot(bench) == snapshots[-1]
    bench.store.close()


def clean_run(folder: Path, apps: list[AppFolder]) -> tuple[list[Snapshot], int]:
    """The state after each deed, and how many points there are."""
    bench = Bench(folder)
    killer = Killer(-1)
    snapshots = [snapshot(bench)]
    for deed in DEEDS:
        sys.setprofile(killer)
        deed(bench, apps)
        sys.setprofile(None)
        snapshots.append(snapshot(bench))
    bench.store.close()
    return snapshots, killer.count


def numbers(points: int, rounds: int) -> list[int]:
    """All points where there are rounds enough, else every so many; then random ones."""
    regular = range(1, points + 1, max(1, -(-points // rounds)))
    chance = random.Random(5)
    return [*regular, *(chance.randint(1, points) for _ in range(rounds - len(regular)))]


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        apps = [AppFolder(root / "1"), AppFolder(root / "2")]
        apps[1].info["CFBundleVersion"] = "2"
        apps[1].write()
        snapshots, points = clean_run(root / "clean", apps)
        chosen = numbers(points, rounds)
        for number in chosen:
            folder = root / "state"
            done = do(folder, apps, number)
            check(folder, snapshots, done, apps)
            shutil.rmtree(folder)
        sys.stdout.write(f"{len(chosen)} rounds at {points} points\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
