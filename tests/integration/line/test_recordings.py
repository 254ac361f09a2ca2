"""Recorded devices as a user has them: plugged from their files, driven by a real driver."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.model.errors import ProblemError
from runtime.wire.commands.devices import PlugRecorded, Unplug, UnplugEntry
from tests.unit.families import captures

from .conftest import ROOT, RuntimeProcess, wait_for
from .replaying import identity, make_replayer, script

SAID = re.compile(r"replayed (\d+) of (\d+), (\d+) are the kernel's own")


def test_fingerprint_readers_replay(
    runtime_process: RuntimeProcess, tmp_path: Path, corpora: Path
) -> None:
    """Every capture, its asynchronous transfers as they were, through a driver process."""
    folders = sorted((corpora / "recordings/umockdev/libfprint-1.94.9/tests").iterdir())
    captures = {
        folder: next(each for each in folder.iterdir() if each.suffix in {".pcapng", ".ioctl"})
        for folder in folders
    }
    known = {folder: identity(folder / "device") for folder in folders}
    app = make_replayer(
        tmp_path,
        {known[f][:2]: script(captures[f], *known[f][2:]) for f in folders},
    )
    runtime_process.approve(runtime_process.pending(app))
    whole: list[str] = []
    told: dict[str, str] = {}
    for folder in folders:
        runtime_process.call(PlugRecorded(str(folder / "device"), str(captures[folder])))
        said: list[str] = []

        def over(said: list[str] = said) -> bool:
            said[:] = runtime_process.log(runtime_process.records().drivers[-1])
            return any(SAID.fullmatch(line) for line in said)

        wait_for(over, f"{folder.name} to be replayed")
        runtime_process.call(Unplug(str(folder / "device")))
        match = next(found for line in said if (found := SAID.fullmatch(line)))
        good, total, own = map(int, match.groups())
        told[folder.name] = (
            f"{match[0]}; {[line for line in said if line.startswith('missed')][:3]}"
        )
        if good + own == total:
            whole.append(folder.name)
    sys.stdout.write(f"{len(whole)} of {len(folders)} captures replay whole: {', '.join(whole)}\n")
    assert whole == [folder.name for folder in folders], told


def dext(runtime: RuntimeProcess, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run `dext` in a folder; its exit code and all that it said."""
    done = subprocess.run(
        [sys.executable, "-m", "runtime.commands.dext", *arguments],
        env=os.environ | {"IOREGISTRY_SOCKET": str(runtime.socket), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_plugged_by_a_command(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """By a file's name; what is wrong with a file is one sentence, and nothing is plugged."""
    (tmp_path / "thing").write_text(captures.LSUSB)
    (tmp_path / "noise").write_text("no device")
    code, said = dext(runtime_process, tmp_path, "plug", "thing")
    assert (code, said.rpartition("/")[2]) == (0, "Thing@80100000\n")
    code, said = dext(runtime_process, tmp_path, "plug", "./noise")
    assert (code, said) == (
        1,
        "dext: noise: expected a umockdev dump or the text of `lsusb -v`, found neither\n",
    )
    code, said = dext(runtime_process, tmp_path, "plug", "thing", "--capture", "gone")
    assert (code, said) == (1, f"dext: {tmp_path / 'gone'}: expected a file, found none\n")
    assert dext(runtime_process, tmp_path, "unplug", "thing")[0] == 0
    assert dext(runtime_process, tmp_path, "unplug", "./thing")[0] == 1


def test_unplugged_by_its_entry(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """As a window does it; what is no such device stays."""
    (tmp_path / "thing").write_text(captures.LSUSB)
    plugged = runtime_process.call(PlugRecorded(str(tmp_path / "thing")))
    assert runtime_process.call(UnplugEntry(plugged.entry)) == plugged
    with pytest.raises(ProblemError, match="expected a simulated or recorded device"):
        runtime_process.call(UnplugEntry(plugged.entry))
